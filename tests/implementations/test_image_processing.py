"""Image processing against Pillow: the same pixels as timm's transform and transformers' ViTImageProcessorPil."""

import io
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import PIL
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import implementations
from implementations.errors import BackboneError, UnknownNameError
from implementations.factory import create_unallocated
from implementations.image_processing import ImageProcessing, ImageProcessor, graph
from implementations.image_processing.resample import _taps, resample
from implementations.image_processing.window import crop_offset, resized_size
from implementations.layers.resize import resize_matrix

FILTERS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SIZES = [(375, 500), (500, 375), (224, 224), (97, 61), (1, 1), (1, 400), (300, 2), (31, 640), (900, 700), (256, 341)]


def gradient(height: int, width: int) -> np.ndarray:
    rows, columns = np.linspace(0, 255, height)[:, None], np.linspace(255, 0, width)[None]
    return np.stack(np.broadcast_arrays(rows, columns, (rows + columns) / 2), axis=-1).astype(np.uint8)


def edges(height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width))
    board = ((rows // 7 + columns // 5) % 2) * 255
    return np.stack([board, 255 - board, (columns % 2) * 255], axis=-1).astype(np.uint8)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def text(height: int, width: int) -> np.ndarray:
    image = Image.new("RGB", (width, height), (250, 240, 220))
    draw = ImageDraw.Draw(image)
    for line in range(0, height, 11):
        draw.text((line % 17 - 8, line), "Backbone Survey 0123456789 " * 8, fill=(10, 30, 90))
    return np.asarray(image)


def photo(height: int, width: int) -> np.ndarray:
    """Noise with the 1/f spectrum of natural photographs."""
    generator = np.random.default_rng(height + width)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]) + 1 / (height + width)
    spectrum = np.fft.fft2(generator.normal(size=(3, height, width))) / frequency
    waves = np.fft.ifft2(spectrum).real
    return np.clip(128 + 50 * (waves - waves.mean()) / (waves.std() + 1e-9), 0, 255).astype(np.uint8).transpose(1, 2, 0)


MADE = [gradient, edges, noise, text, photo]


def to_bytes(pixels: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def pillow_window(pixels, resized, offset, size, interpolation) -> np.ndarray:
    image = Image.fromarray(pixels).resize((resized[1], resized[0]), FILTERS[interpolation])
    return np.asarray(image)[offset[0] : offset[0] + size[0], offset[1] : offset[1] + size[1]]


def timm_transform(config: dict, size=None):
    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from timm.data import create_transform, resolve_data_config

    resolved = resolve_data_config({}, pretrained_cfg=config)
    if size:
        resolved["input_size"] = (3, *size)
    return create_transform(**resolved)


def assert_equals_oracle(actual: np.ndarray, expected: np.ndarray, std) -> None:
    """The issue's bar: 99.9 % identical and no pixel off by more than one step of 1/255 before normalising."""
    assert actual.shape == expected.shape
    assert np.mean(actual == expected) >= 0.999
    assert (np.abs(actual - expected) * np.asarray(std)).max() <= 1 / 255 + 1e-6


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("make", MADE)
def test_every_byte_equals_pillows_resize(make, interpolation):
    for height, width in SIZES:
        pixels = make(height, width)
        for size in ((224, 224), (60, 100)):
            expected = pillow_window(pixels, size, (0, 0), size, interpolation)
            actual = resample(tf.constant(pixels)[None], size, (0, 0), size, interpolation)[0].numpy()
            np.testing.assert_array_equal(actual, expected, err_msg=f"{make.__name__} {height}x{width} -> {size}")


@settings(max_examples=20)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(sorted(FILTERS)),
    st.data(),
)
def test_every_window_of_every_size_equals_pillow(height, width, new_height, new_width, interpolation, data):
    top, left = data.draw(st.integers(0, new_height - 1)), data.draw(st.integers(0, new_width - 1))
    size = data.draw(st.integers(1, new_height - top)), data.draw(st.integers(1, new_width - left))
    pixels = noise(height, width)
    expected = pillow_window(pixels, (new_height, new_width), (top, left), size, interpolation)
    actual = resample(tf.constant(pixels)[None], (new_height, new_width), (top, left), size, interpolation)[0].numpy()
    np.testing.assert_allclose(actual.astype(int), expected.astype(int), atol=1)
    assert np.mean(actual == expected) >= 0.999


@pytest.mark.parametrize("size", [(40, 40), (20, 40), (40, 80), (60, 40), (30, 50)])
def test_order_of_the_passes_is_the_installed_pillows_at_every_height(size):
    """Pillow 13 swaps the passes of tall images; noise tells the orders apart on either side of the threshold."""
    installed = int(PIL.__version__.split(".")[0])
    for height in (*range(2 * size[0] - 20, 3 * size[0] + 22), 400):
        pixels = noise(height, 60)
        expected = pillow_window(pixels, size, (0, 0), size, "bilinear")
        window = resample(tf.constant(pixels)[None], size, (0, 0), size, "bilinear", pillow=installed)[0]
        np.testing.assert_array_equal(window.numpy(), expected, err_msg=f"{height}x60 -> {size}")


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("old", "new"), [(40, 17), (17, 40), (23, 23), (1, 9), (300, 5)])
def test_weights_are_those_of_the_matrix_that_resizes_positions(old, new, kernel):
    """Sizes known only at run time need weights made of TensorFlow operations; they are the helper's, to 22 bits."""
    first, weights = _taps(tf.constant(old), tf.constant(new), tf.constant(0), new, kernel)
    dense = np.zeros((new, old + weights.shape[1]))
    for row, (start, taps) in enumerate(zip(first.numpy(), weights.numpy(), strict=True)):
        dense[row, start : start + len(taps)] = taps
    np.testing.assert_allclose(dense[:, :old], resize_matrix(old, new, kernel=kernel), atol=2.0**-23 + 1e-12)


def test_large_reduction_stays_exact_enough():
    pixels = photo(1500, 2600)
    for interpolation in ("bilinear", "bicubic"):
        expected = pillow_window(pixels, (40, 64), (0, 0), (40, 64), interpolation)
        actual = resample(tf.constant(pixels)[None], (40, 64), (0, 0), (40, 64), interpolation)[0].numpy()
        assert np.mean(actual == expected) >= 0.999
        np.testing.assert_allclose(actual.astype(int), expected.astype(int), atol=1)


@pytest.mark.parametrize(
    "config",
    [
        {"crop_pct": 0.9, "interpolation": "bicubic"},
        {"crop_pct": 0.875, "interpolation": "bilinear"},
        {"crop_pct": 1.0, "interpolation": "bicubic", "crop_mode": "squash", "mean": (0.5,) * 3, "std": (0.5,) * 3},
        {"crop_pct": 0.95, "interpolation": "bicubic", "crop_mode": "border"},
        {"crop_pct": 1.0, "interpolation": "lanczos", "crop_mode": "border", "input_size": (3, 192, 160)},
        {"crop_pct": 0.9, "interpolation": "bicubic", "input_size": (3, 160, 224)},
        {"input_size": (3, 384, 384), "crop_pct": 1.0},
        {"input_size": (3, 224, 224)},
    ],
)
def test_equals_timms_evaluation_transform(config):
    transform = timm_transform(config)
    processor = ImageProcessor.from_timm(config)
    for make, (height, width) in zip(MADE * 2, SIZES, strict=True):
        if height < 3 or width < 3:
            continue  # one edge of such a strip grows beyond 40,000 pixels in Pillow
        pixels = make(height, width)
        expected = transform(Image.fromarray(pixels)).permute(1, 2, 0).numpy()
        assert_equals_oracle(processor(pixels), expected, processor.std)
        assert_equals_oracle(processor(tf.constant(pixels)).numpy(), expected, processor.std)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"resample": 3, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]},
        {
            "size": {"shortest_edge": 256},
            "do_center_crop": True,
            "crop_size": {"height": 224, "width": 224},
            "resample": 3,
        },
        {"size": {"shortest_edge": 64}, "do_center_crop": True, "crop_size": {"height": 91, "width": 70}},
        {"size": {"height": 120, "width": 200}, "do_normalize": False},
        {"size": {"height": 120, "width": 200}, "do_rescale": False, "image_mean": [9.0, 8.0, 7.0]},
    ],
)
def test_equals_the_pillow_back_end_of_transformers(config):
    from runtimes.torchvision_ops import define_missing_operators

    define_missing_operators()
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    oracle = ViTImageProcessorPil(**config)
    processor = ImageProcessor.from_hugging_face(config)
    for make, (height, width) in zip(MADE * 2, SIZES, strict=True):
        if height < 4 or width < 4:
            continue  # transformers mistakes such an edge for the channels
        pixels = make(height, width)
        expected = oracle(Image.fromarray(pixels), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
        for actual in (processor(pixels), processor(tf.constant(pixels)).numpy()):
            np.testing.assert_array_equal(actual, expected, err_msg=f"{make.__name__} {height}x{width}")


@settings(max_examples=60)
@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from(["exact", "shortest", "cover", "fit"]),
    st.sampled_from(["torchvision", "hugging_face"]),
)
def test_the_window_is_the_same_in_numbers_and_in_tensors(height, width, target, size, resize, crop):
    tensors = resized_size(tf.constant(height), tf.constant(width), target, resize, graph.TENSORS)
    numbers = resized_size(height, width, target, resize)
    assert numbers == tuple(int(edge) for edge in tensors)
    for edge, side in zip(numbers, size, strict=True):
        assert crop_offset(edge, side, crop) == int(crop_offset(tf.constant(edge), side, crop, graph.TENSORS))


@pytest.mark.parametrize("pillow", [12, 13])
@pytest.mark.parametrize(
    "config",
    [
        {"crop_pct": 0.9, "interpolation": "bicubic"},
        {"crop_pct": 0.95, "interpolation": "bilinear", "crop_mode": "border"},
        {"crop_pct": 1.0, "crop_mode": "squash", "input_size": (3, 96, 130)},
    ],
)
def test_images_in_memory_become_what_the_graph_makes_of_them(config, pillow):
    processor = replace(ImageProcessor.from_timm(config), pillow=pillow)
    function = tf.function(processor, input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    for make, (height, width) in zip(MADE * 2, [(2500, 40), *SIZES[1:]], strict=True):
        pixels = make(height, width)
        expected = function(tf.constant(pixels)).numpy()
        np.testing.assert_array_equal(processor(pixels), expected, err_msg=f"{make.__name__} {height}x{width}")
        np.testing.assert_array_equal(processor(Image.fromarray(pixels)), expected)
        np.testing.assert_array_equal(processor(tf.constant(pixels)).numpy(), expected)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_pillow_images_of_every_mode_are_converted_as_pillow_does(mode):
    processor, image = ImageProcessor(), Image.fromarray(photo(120, 90)).convert(mode)
    np.testing.assert_array_equal(processor(image), processor(np.asarray(image.convert("RGB"))))


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("resize_to", [(48, 48), (24, 30)])
def test_pixels_have_as_many_channels_as_there_are_means(channels, resize_to):
    numbers = {"mean": (0.5,) * channels, "std": (0.5,) * channels, "fill": tuple(range(channels))}
    processor = ImageProcessor(**numbers, output_size=(40, 40), resize_to=resize_to, resize="exact")
    pixels = np.concatenate([photo(90, 70), noise(90, 70)], axis=-1)[..., :channels]
    expected = processor(tf.constant(pixels)).numpy()
    assert expected.shape == (40, 40, channels)
    np.testing.assert_array_equal(processor(pixels), expected)
    np.testing.assert_array_equal(processor(pixels[None]), expected[None])
    if channels == 1:
        np.testing.assert_array_equal(processor(Image.fromarray(pixels[..., 0])), expected)


def test_images_in_memory_need_no_tensorflow(tmp_path):
    Image.fromarray(photo(120, 90)).save(tmp_path / "photo.jpg")
    code = (
        "import sys, numpy, PIL.Image\n"
        "from implementations.image_processing import ImageProcessor\n"
        "processor = ImageProcessor.for_model('swin_tiny_patch4_window7_224.ms_in1k')\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        "image = PIL.Image.open(sys.argv[1])\n"
        "pixels = numpy.asarray(image)\n"
        "made = [processor(data), processor(image), processor(pixels), processor([data])[0]]\n"
        "assert all(each.shape == (224, 224, 3) and (each == made[0]).all() for each in made)\n"
        "assert not {'tensorflow', 'keras', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "photo.jpg")], check=True, timeout=120)


def test_a_models_name_finds_its_preprocessing():
    processor = ImageProcessor.for_model("swin_base_patch4_window12_384.ms_in1k")
    assert (processor.output_size, processor.resize_to) == ((384, 384), (384, 384))
    assert ImageProcessor.for_model("vit_base_patch16_224.augreg_in1k").mean == (0.5, 0.5, 0.5)
    assert ImageProcessor.for_model("swinv2_tiny_window8_256", img_size=(128, 96)).output_size == (128, 96)
    with pytest.raises(UnknownNameError, match="swin_tiny_patch4_window7_224"):
        ImageProcessor.for_model("swin_tiny_patch4_window_224")


@pytest.mark.parametrize("name", ["deit3_small_patch16_224.fb_in22k_ft_in1k", "vit_small_patch16_224.dino"])
def test_a_model_knows_the_preprocessing_of_its_tag(name):
    """These tags' differ from that of the variant's default, which the name of the model alone would give."""
    model = create_unallocated(name)
    assert ImageProcessor.for_model(model) == ImageProcessor.for_model(name)
    assert ImageProcessor.for_model(model) != ImageProcessor.for_model(model.name)


def test_a_model_that_knows_no_preprocessing_is_one_clear_line():
    grey = implementations.create_model("test_vit", in_chans=1)
    for model, message in (
        (grey, "test_vit takes 1 channels"),
        (keras.Sequential(name="mine"), "mine knows no weights"),
    ):
        with pytest.raises(BackboneError, match=message):
            ImageProcessor.for_model(model)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_bytes_decode_as_pillow_does(kind):
    processor = ImageProcessor()
    for make in MADE:
        data = to_bytes(make(123, 187), kind)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(graph.decode(tf.constant(data), 3).numpy(), expected)
        np.testing.assert_array_equal(processor(data), processor(expected))


@pytest.mark.parametrize("options", [{"quality": 30}, {"quality": 95, "subsampling": 0}, {"progressive": True}])
def test_jpegs_of_every_making_and_grey_ones_decode_as_pillow_does(options):
    for pixels in (photo(101, 77), photo(101, 77)[..., 0]):
        data = to_bytes(pixels, "JPEG", **options)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        np.testing.assert_array_equal(graph.decode(tf.constant(data), 3).numpy(), expected)


def test_bytes_pixels_batches_and_lists_agree():
    processor = ImageProcessor.from_timm({"crop_pct": 0.9, "input_size": (3, 64, 64)})
    images = [photo(100, 130), noise(100, 130)]
    one_by_one = np.stack([processor(image) for image in images])
    np.testing.assert_array_equal(processor(np.stack(images)), one_by_one)
    np.testing.assert_array_equal(processor(images), one_by_one)
    np.testing.assert_array_equal(processor([tf.constant(image) for image in images]).numpy(), one_by_one)
    files = [to_bytes(image, "PNG") for image in images]
    np.testing.assert_array_equal(processor(files), one_by_one)
    np.testing.assert_array_equal(processor(np.array(files, dtype=object)), one_by_one)
    np.testing.assert_array_equal(processor(tf.constant(files)).numpy(), one_by_one)
    assert processor([photo(50, 60), photo(90, 20)]).shape == (2, 64, 64, 3)


def test_works_inside_tf_data():
    processor = ImageProcessor.from_timm({"crop_pct": 0.9, "input_size": (3, 48, 40)})
    images = [photo(100, 130), edges(60, 70), noise(33, 91)]
    data = tf.data.Dataset.from_tensor_slices([to_bytes(image, "PNG") for image in images])
    mapped = list(data.map(processor).as_numpy_iterator())
    batched = next(data.batch(3).map(processor).as_numpy_iterator())
    for image, one, of_batch in zip(images, mapped, batched, strict=True):
        np.testing.assert_array_equal(one, processor(image))
        np.testing.assert_array_equal(of_batch, one)


@pytest.mark.parametrize(("shape", "dtype"), [((None, None, 3), "uint8"), ((), "string")])
def test_layer_in_a_model_survives_saving_and_export(tmp_path, shape, dtype):
    processor = ImageProcessor.from_timm({"crop_pct": 0.9, "input_size": (3, 32, 32)})
    inputs = keras.Input(shape, dtype=dtype)
    model = keras.Model(inputs, keras.layers.Conv2D(4, 3)(ImageProcessing(processor)(inputs)))
    images = np.stack([photo(70, 90), text(70, 90)])
    batch = tf.constant(images if dtype == "uint8" else [to_bytes(image, "PNG") for image in images])
    expected = model(batch).numpy()

    model.save(tmp_path / "model.keras")
    restored = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(restored(batch).numpy(), expected)
    assert restored.layers[1].processor == processor

    model.export(tmp_path / "exported", verbose=False)
    artifact = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(artifact.serve(batch).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((0, 5, 3), np.uint8), ValueError, "holds no pixel"),
        (np.zeros((5, 5, 4), np.uint8), ValueError, "4 channels in shape"),
        (np.zeros((5, 5), np.uint8), ValueError, r"expected \(H, W, 3\)"),
        (np.zeros((5, 5, 3), np.float32), TypeError, "dtype float32: expected uint8"),
        (np.zeros((1, 5_000_000, 3), np.uint8), ValueError, "would be resized to 256x1280000000"),
        (tf.constant(b"not an image"), ValueError, "cannot be decoded"),
        (tf.zeros((5, 5, 4), tf.uint8), ValueError, "4 channels in shape"),
        (b"", ValueError, "0 bytes that start with"),
        (b"not an image", ValueError, "cannot be decoded"),
        (to_bytes(noise(40, 40), "JPEG")[:300], ValueError, "cannot be decoded"),
        (to_bytes(noise(40, 40), "PNG")[:300], ValueError, "cannot be decoded"),
        ([], ValueError, "empty list"),
    ],
)
def test_bad_images_are_one_clear_line(image, error, message):
    with pytest.raises(error, match=message) as raised:
        ImageProcessor()(image)
    assert "\n" not in str(raised.value)


def test_empty_images_of_unknown_size_fail_inside_a_graph():
    processor = ImageProcessor()
    function = tf.function(processor, input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="height or width is 0"):
        function(np.zeros((0, 4, 3), np.uint8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ImageProcessor(interpolation="cubic"), "unknown interpolation 'cubic'"),
        (lambda: ImageProcessor(output_size=(0, 5)), "at least 1 pixel"),
        (lambda: ImageProcessor(mean=(0.5,)), "1 means, 3 standard deviations"),
        (lambda: ImageProcessor.from_timm({"crop_mode": "centre"}), "unknown crop_mode 'centre'"),
        (lambda: ImageProcessor.from_hugging_face({"size": {"shortest_edge": 9}}), "gives every image its own size"),
        (lambda: ImageProcessor.from_hugging_face({"do_resize": False}), "expected do_resize"),
    ],
)
def test_bad_settings_are_one_clear_line(make, message):
    with pytest.raises(ValueError, match=message) as raised:
        make()
    assert "\n" not in str(raised.value)
