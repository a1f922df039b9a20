"""Everything that is checked of every backbone; a test class names its variants and inherits all of it.

class TestSwin(BackboneCase):
    variant = "swin_tiny_patch4_window7_224"                     # what the slower checks run on
    small = {"img_size": 64, "depths": (2, 2, 2, 2)}              # made small by these
    parity_cases = [("swin_tiny_patch4_window7_224", {}), ...]    # full parity on each
    tensor_names = [...]                                          # names and shapes of every tensor, unallocated
    bad_sizes = [...]                                             # img_size that creation refuses
    drops = {"drop_path_rate": 0.5, ...}                          # what must act only in training
"""

import re
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import pytest

import implementations
from implementations.errors import BackboneError, WeightsError
from implementations.layer_tree import named_layers
from implementations.parity import checks, reference
from implementations.weights import slots, state_dict

ROOT = Path(__file__).parents[2]
CLASSES = 11


class BackboneCase:
    """Checks of one backbone; see the module's docstring for what a subclass names."""

    variant: ClassVar[str]
    small: ClassVar[dict[str, Any]] = {}
    parity_cases: ClassVar[list[tuple[str, dict[str, Any]]]] = []
    tensor_names: ClassVar[list[str]] = []
    bad_sizes: ClassVar[list[Any]] = []
    drops: ClassVar[dict[str, float]] = {"drop_path_rate": 0.9, "drop_rate": 0.5}

    def create(self, **arguments: Any) -> Any:
        """The small variant with random values everywhere, so that nothing hides behind an initial zero."""
        model = implementations.create_model(self.variant, **{**self.small, "num_classes": CLASSES, **arguments})
        random = np.random.default_rng(0)
        for weight in model.trainable_weights:
            noise = random.standard_normal(weight.shape)
            fan_in = int(np.prod(weight.shape[:-1])) if len(weight.shape) in (2, 4) else 1
            weight.assign((1.0 + 0.2 * noise) if "gamma" in weight.path else noise * 0.5 / np.sqrt(fan_in))
        return model

    def images(self, model: Any, batch: int = 2) -> np.ndarray:
        return checks.random_images((batch, *model.config.img_size, model.config.in_chans))

    # --- the same function as the reference

    @pytest.mark.filterwarnings("ignore:.*are not seen")
    def test_outputs_equal_the_reference(self, parity_case):
        name, arguments = parity_case
        failed = [str(each) for each in checks.check_outputs(name, **arguments) if not each.passes]
        assert not failed

    def test_gradients_equal_the_reference(self):
        arguments = {**self.small, "num_classes": CLASSES}
        failed = [str(each) for each in checks.check_gradients(self.variant, **arguments) if not each.passes]
        assert not failed

    def test_every_tensor_of_the_full_model_has_timms_name_and_shape(self, tensor_name):
        assert checks.check_tensors(tensor_name) == []

    def test_features_only_equals_timms(self):
        theirs = reference.create_reference(self.variant, features_only=True, **self.small)
        model = implementations.create_model(self.variant, features_only=True, **self.small)
        full = reference.create_reference(self.variant, **self.small)
        implementations.load_weights(model, full)
        trunk = dict(full.state_dict())
        theirs.load_state_dict({key: trunk[_unflattened(key)] for key in theirs.state_dict()})
        images = self.images(model)
        import torch

        with torch.no_grad():
            expected = [each.numpy() for each in theirs(torch.from_numpy(images.transpose(0, 3, 1, 2)))]
        if getattr(theirs, "output_fmt", None) is None or str(theirs.output_fmt) != "Format.NHWC":
            expected = [each.transpose(0, 2, 3, 1) for each in expected]
        found = [keras.ops.convert_to_numpy(each) for each in model(images)]
        assert model.feature_info.channels() == theirs.feature_info.channels()
        assert model.feature_info.reduction() == theirs.feature_info.reduction()
        assert [each.shape for each in found] == [each.shape for each in expected]
        for ours, timms in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, timms, atol=2e-5 * np.abs(timms).max())

    def test_the_form_for_inference_gives_the_same_maps(self):
        model = self.create(num_classes=None, features_only=True)
        images = self.images(model)
        _, maps, _ = model.run(model.checked(images), indices=model.out_indices)
        for index, found in zip(model.out_indices, model(images), strict=True):
            expected = keras.ops.convert_to_numpy(maps[index])
            np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())

    def test_features_only_takes_chosen_indices(self):
        model = self.create(num_classes=None, features_only=True, out_indices=(0, -1))
        assert len(model(self.images(model))) == 2
        last = self.create(num_classes=None, features_only=True, out_indices=1)
        assert last.out_indices == (len(last.all_features()) - 1,)
        for wrong in ((99,), 99, 0, -1, ()):
            with pytest.raises(BackboneError, match="out_indices"):
                self.create(num_classes=None, features_only=True, out_indices=wrong)

    def test_forward_features_then_head_is_the_model(self):
        model = self.create()
        images = self.images(model)
        logits = keras.ops.convert_to_numpy(model.forward_head(model.forward_features(images)))
        # Not to the bit: the model's call takes a form that is faster for inference.
        np.testing.assert_allclose(logits, keras.ops.convert_to_numpy(model(images)), atol=1e-5 * np.abs(logits).max())

    # --- Keras's manners

    def test_layers_and_variables_bear_timms_path_in_every_model_of_a_process(self):
        model, second = (self.create(**self.drops) for _ in range(2))
        for slot in slots(model):
            assert slot.variable.path.split("/")[:-1] == slot.name.split(".")[:-1]
        for path, layer in named_layers(model):
            assert (layer.name, layer.path) == (path, path.replace(".", "/"))
        assert [each.path for each in model.variables] == [each.path for each in second.variables]
        assert len({each.path for each in model.variables}) == len(model.variables)

    def test_a_layer_is_found_by_timms_path(self):
        model = self.create()
        for path, layer in named_layers(model):
            assert model.get_layer(path) is layer
        assert model.get_layer(index=0) is model.layers[0]
        with pytest.raises(ValueError, match="No such layer: blocks"):
            model.get_layer("blocks")

    def test_the_summary_tells_what_layers_return(self, monkeypatch):
        monkeypatch.setenv("COLUMNS", "160")
        model, printed = self.create(), []
        model.summary(print_fn=printed.append)
        rows = [line.strip("│").split("│") for line in printed[0].splitlines() if line.startswith("│")]
        shapes = {name.split()[0]: shape.strip() for name, shape, _ in rows}
        height, width = (side // model.config.patch_size for side in model.config.img_size)
        assert list(shapes) == [layer.name for layer in model.layers]
        assert shapes["patch_embed"] == f"(None, {height}, {width}, {model.config.embed_dim})"
        assert shapes["head"] == f"(None, {CLASSES})"
        # Only what is not called has none, such as the norm of a pool that this model does without.
        assert [name for name, shape in shapes.items() if shape == "?" and model.get_layer(name).count_params()] == []

    def test_an_image_that_patches_do_not_divide_is_told_of(self):
        height, width = implementations.create_model(self.variant, **self.small).config.img_size
        arguments = {**self.small, "img_size": (height, width + 1)}
        with pytest.warns(UserWarning, match="0 rows at the bottom and 1 columns at the right of every image are not"):
            implementations.create_model(self.variant, **arguments)

    # --- weights

    def test_weights_go_to_timm_and_come_back(self, tmp_path):
        import torch
        from safetensors.numpy import save_file

        model = self.create()
        tensors = implementations.state_dict(model)
        theirs = reference.create_reference(self.variant, seed=3, **{**self.small, "num_classes": CLASSES})
        theirs.load_state_dict({name: torch.from_numpy(array) for name, array in tensors.items()}, strict=True)
        save_file(tensors, tmp_path / "model.safetensors")
        torch.save({"state_dict": theirs.state_dict()}, tmp_path / "model.pth")
        for source in (tmp_path / "model.safetensors", str(tmp_path / "model.pth"), theirs, theirs.state_dict()):
            fresh = implementations.create_model(self.variant, **{**self.small, "num_classes": CLASSES})
            implementations.load_weights(fresh, source)
            for name, array in implementations.state_dict(fresh).items():
                np.testing.assert_array_equal(array, tensors[name], err_msg=name)

    def test_loading_is_all_or_nothing_and_names_what_is_wrong(self):
        model = self.create()
        before = state_dict(model)
        first, second, *_ = [name for name, array in before.items() if array.ndim > 1]
        bad = {**before, first: before[first][:-1], "surplus.weight": np.zeros(3, "float32")}
        del bad[second]
        with pytest.raises(WeightsError) as caught:
            implementations.load_weights(model, bad)
        message = str(caught.value)
        assert f"{first} has shape {bad[first].shape}, expected {before[first].shape}" in message
        assert f"{second} {before[second].shape} is missing" in message
        assert "surplus.weight (3,) is not part of the model" in message
        assert "\n" not in message
        poisoned = {**before, first: np.full_like(before[first], np.nan)}
        with pytest.raises(WeightsError, match=f"{first} holds NaN"):
            implementations.load_weights(model, poisoned)
        for name, array in state_dict(model).items():
            np.testing.assert_array_equal(array, before[name])

    # --- Keras

    def test_saves_and_loads_as_keras_file(self, tmp_path):
        model = self.create()
        images = self.images(model)
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert loaded.config == model.config
        np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))

    def test_is_a_layer_of_a_users_model(self, tmp_path):
        backbone = self.create(num_classes=0)
        backbone.trainable = False
        inputs = keras.Input((*backbone.config.img_size, 3))
        model = keras.Model(inputs, keras.layers.Dense(4)(backbone(inputs)))
        assert len(model.trainable_weights) == 2
        model.save(tmp_path / "model.keras")
        loaded, images = keras.saving.load_model(tmp_path / "model.keras"), self.images(backbone)
        np.testing.assert_array_equal(loaded.predict(images, verbose=0), model.predict(images, verbose=0))

    def test_mixed_bfloat16_stays_near_float32(self, tmp_path):
        model = self.create()
        mixed = implementations.create_model(
            self.variant, dtype="mixed_bfloat16", **{**self.small, "num_classes": CLASSES}
        )
        implementations.load_weights(mixed, state_dict(model))
        images = self.images(model)
        exact, rough = keras.ops.convert_to_numpy(model(images)), mixed(images)
        assert keras.backend.standardize_dtype(rough.dtype) == "bfloat16"
        assert {weight.dtype for weight in mixed.trainable_weights} == {"float32"}
        rough = keras.ops.convert_to_numpy(keras.ops.cast(rough, "float32"))
        assert 0 < np.abs(rough - exact).max() < 0.1 * np.abs(exact).max()
        assert set(mixed.attention_maps(images)) == set(model.attention_maps(images))
        mixed.save(tmp_path / "model.keras")
        assert keras.saving.load_model(tmp_path / "model.keras").compute_dtype == "bfloat16"

    def test_jit_compile_gives_the_same(self):
        model = self.create()
        images = self.images(model)
        eager = keras.ops.convert_to_numpy(model(images))
        model.compile(jit_compile=True)
        np.testing.assert_allclose(model.predict(images, verbose=0), eager, atol=1e-5 * np.abs(eager).max())

    def test_drops_act_in_training_only(self):
        model = self.create()
        dropping = implementations.create_model(self.variant, **{**self.small, "num_classes": CLASSES, **self.drops})
        implementations.load_weights(dropping, state_dict(model))
        images = self.images(model, batch=4)
        exact = keras.ops.convert_to_numpy(model(images))
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(dropping(images)), exact)
        # Not to the bit: for inference another order of operations is faster.
        trained = keras.ops.convert_to_numpy(model(images, training=True))
        np.testing.assert_allclose(trained, exact, atol=1e-5 * np.abs(exact).max())
        first, second = (keras.ops.convert_to_numpy(dropping(images, training=True)) for _ in range(2))
        assert np.abs(first - exact).max() > 1e-3
        assert np.abs(first - second).max() > 1e-3

    def test_fit_lowers_the_loss(self):
        keras.utils.set_random_seed(0)
        arguments = {**self.small, "num_classes": 3, "drop_path_rate": 0.1}
        model = implementations.create_model(self.variant, **arguments)
        labels = np.arange(12) % 3
        images = self.images(model, batch=12) * 0.3 + labels[:, None, None, None]
        model.compile(
            keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=True
        )
        before = model.evaluate(images, labels, verbose=0)
        model.fit(images, labels, batch_size=6, epochs=8, verbose=0)
        assert model.evaluate(images, labels, verbose=0) < 0.7 * before

    def test_attention_maps_are_distributions(self):
        model = self.create()
        maps = model.attention_maps(self.images(model))
        assert maps
        for path, weights in maps.items():
            sums = keras.ops.convert_to_numpy(keras.ops.sum(weights, axis=-1))
            np.testing.assert_allclose(sums, 1.0, atol=1e-5, err_msg=path)

    @pytest.mark.parametrize("kind", ["tf_saved_model", "onnx", "openvino", "litert"])
    def test_exports_and_gives_the_same(self, kind, tmp_path):
        from tests.implementations.exported import run_exported

        model = self.create()
        images = self.images(model, batch=1)
        exact = keras.ops.convert_to_numpy(model(images))
        found = run_exported(model, kind, tmp_path, images)
        np.testing.assert_allclose(found, exact, atol=2e-5 * np.abs(exact).max())

    @pytest.mark.parametrize("backend", ["jax", "torch"])
    def test_other_back_ends_give_the_same(self, backend, other_back_ends, tmp_path):
        from safetensors.numpy import save_file

        model = self.create()
        images = self.images(model)
        save_file(state_dict(model), tmp_path / "model.safetensors")
        np.save(tmp_path / "images.npy", images)
        arguments = {**self.small, "num_classes": CLASSES}
        found, (before, after) = other_back_ends[backend].run(self.variant, arguments, tmp_path)
        exact = keras.ops.convert_to_numpy(model(images))
        np.testing.assert_allclose(found, exact, atol=1e-5 * np.abs(exact).max())
        assert after < before

    # --- other heads and inputs

    def test_without_classes_the_pooled_features(self):
        model = self.create(num_classes=0)
        images = self.images(model)
        pooled = keras.ops.convert_to_numpy(model(images))
        full = keras.ops.convert_to_numpy(model.forward_head(model.forward_features(images), pre_logits=True))
        np.testing.assert_allclose(pooled, full, atol=1e-5 * np.abs(full).max())
        assert pooled.shape == (2, model.all_features()[-1].num_chs)

    @pytest.mark.parametrize("in_chans", [1, 5])
    def test_loads_weights_for_other_channels_and_classes_as_timm(self, in_chans):
        theirs = reference.create_reference(self.variant, **self.small)
        original = dict(theirs.state_dict())
        model = implementations.create_model(
            self.variant, weights=theirs, **{**self.small, "in_chans": in_chans, "num_classes": CLASSES}
        )
        import timm

        expected = timm.create_model(
            self.variant,
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": original, "url": None, "hf_hub_id": None, "custom_load": False},
            **{**self.small, "in_chans": in_chans, "num_classes": CLASSES},
        )
        ours = state_dict(model)
        for name, tensor in expected.state_dict().items():
            if name in ours and not name.startswith("head"):
                np.testing.assert_allclose(ours[name], tensor.numpy(), atol=1e-6, err_msg=name)
        assert ours[next(name for name in ours if name.startswith("head"))].shape[0] == CLASSES

    def test_wrong_images_are_one_clear_line(self):
        model = self.create()
        height, width = model.config.img_size
        for shape, reason in (
            ((2, 3, height, width), "channels"),
            ((2, height, width, 4), "4 channels"),
            ((height, width, 3), "shape"),
            ((2, height + 1, width, 3), "pixels"),
        ):
            with pytest.raises(BackboneError, match=reason) as caught:
                model(np.zeros(shape, "float32"))
            assert "\n" not in str(caught.value)

    def test_sizes_that_cannot_be_taken_are_refused(self, bad_size):
        with pytest.raises(BackboneError, match="img_size"):
            implementations.create_model(self.variant, **{**self.small, "img_size": bad_size})


def _unflattened(key: str) -> str:
    """Name in the full model of a tensor of timm's feature extractors, which add `model.` or write `layers_0`."""
    return re.sub(r"^(\w+)_(\d+)\.", r"\1.\2.", key.removeprefix("model."))
