"""Charts: one registry, each as SVG, PDF, PNG, CSV, pgfplots source and plotly JSON; and small charts of families.

>>> import catalog
>>> from generator.charts import draw_all
>>> draw_all(catalog.load(), folder, only=["params-accuracy"])  # doctest: +SKIP
"""

from generator.charts.citation import Metadata
from generator.charts.draw import FORMATS, INDEX, ChartOutput, UnknownChartError, draw_all, drawn_charts
from generator.charts.family import FamilyChart, family_chart
from generator.charts.registry import charts, default_environment, throughput_slug

__all__ = [
    "FORMATS",
    "INDEX",
    "ChartOutput",
    "FamilyChart",
    "Metadata",
    "UnknownChartError",
    "charts",
    "default_environment",
    "draw_all",
    "drawn_charts",
    "family_chart",
    "throughput_slug",
]
