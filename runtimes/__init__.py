"""Ways to run a model fast, whoever wrote it: compiling a torch model by its blocks, tuning an OpenVINO graph."""
