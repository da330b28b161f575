"""What is wrong with a config, with its place."""

from pathlib import Path

import pytest
from config_texts import LAYERS, ErrorsOf

CONFIGS = Path(__file__).parent.parent / "configs"


# What is wrong, and where.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: 0", "2:9: error: epochs: expected at least 1, got 0"),
        ("epochs: ten", "2:9: error: epochs: expected a whole number, got 'ten'"),
        ("epochs: '10'", "2:9: error: epochs: expected a whole number, got '10'"),
        ("epochs: 1.5", "2:9: error: epochs: expected a whole number, got 1.5"),
        ("epochs: true", "2:9: error: epochs: expected a whole number, got true"),
        ("epochs: .nan", "2:9: error: epochs: expected a whole number, got nan"),
        ("epochs:", "2:8: error: epochs: expected a whole number, got nothing"),
        ("epochs: [1]", "2:9: error: epochs: expected a whole number, got [1]"),
        ("epochs: {a: 1}", "2:9: error: epochs: expected a whole number, got a mapping"),
        ("seed: -1", "2:7: error: seed: expected at least 0, got -1"),
        (f"seed: {2**31}", "2:7: error: seed: expected at most 2147483647, got 2147483648"),
        ("batch_size: 70000", "2:13: error: batch_size: expected at most 60000, got 70000"),
        (
            "data: {validation: 60000}",
            "2:20: error: data.validation: expected fewer than the 60,000 training images of "
            "mnist, got 60000",
        ),
        (
            "data: {dataset: digits, validation: 1438}",
            "2:37: error: data.validation: expected fewer than the 1,438 training images of "
            "digits, got 1438",
        ),
        (
            "batch_size: 56000\ndata: {validation: 5000}",
            "2:13: error: batch_size: expected at most 55,000, the images left to train on, "
            "got 56000",
        ),
        (
            "data: {validation: 1.0}",
            "2:20: error: data.validation: expected a number of images, a share between 0 and 1, "
            "or 'test', got 1.0",
        ),
        (
            "data: {normalize: zero}",
            "2:19: error: data.normalize: expected 'unit', 'centered' or 'standard', got 'zero'",
        ),
        ("data: {dataset: ''}", "2:17: error: data.dataset: expected some text, got ''"),
        ("data: [mnist]", "2:7: error: data: expected a mapping, got ['mnist']"),
        (
            "early_stopping: {min_delta: .inf}",
            "2:29: error: early_stopping.min_delta: expected a finite number, got inf",
        ),
        ("early_stopping: yes", "2:17: error: early_stopping: expected a mapping, got 'yes'"),
        ("threads: 0", "2:10: error: threads: expected 'auto' or a number from 1 to 1024, got 0"),
        (
            "precision: float64",
            "2:12: error: precision: expected 'float32', 'mixed_bfloat16' or 'mixed_float16', "
            "got 'float64'",
        ),
        (
            "name: a/b",
            "2:7: error: name: expected up to 64 of A-Z, a-z, 0-9, '.', '_' and '-', a letter or "
            "digit first, got 'a/b'",
        ),
        ("metrics:", "2:9: error: metrics: expected a list, got nothing"),
        ("batchsize: 3", "2:1: error: unknown key 'batchsize'; did you mean 'batch_size'?"),
        (
            "early_stopping: {patiense: 2}",
            "2:18: error: unknown key 'patiense'; did you mean 'patience'?",
        ),
        (
            "checkpoint: {zzz: 2}",
            "2:14: error: unknown key 'zzz'; expected one of every_epochs, every_seconds, keep",
        ),
        ("'a\\b\u202e': 1", r"2:1: error: unknown key 'a\b\u202e'; expected one of name, layers,"),
        ("seed: 1\nseed: 2", "3:1: error: duplicate key 'seed'; it is already on line 2"),
        (
            "checkpoint: {best: val_acc}",
            "2:20: error: unknown metric 'val_acc'; did you mean 'val_accuracy'?",
        ),
        (
            "metrics: [MeanSquaredError]\nearly_stopping: {monitor: val_mse}",
            "3:27: error: unknown metric 'val_mse'; ",
        ),
        (
            "metrics: [mse, {MeanAbsoluteError: {name: epoch}}]",
            "2:43: error: the column 'epoch' of metrics.jsonl is taken; give MeanAbsoluteError a "
            "'name' of its own",
        ),
        ("metrics: [mse, MeanSquaredError]", "2:16: error: the column 'mean_squared_error' of"),
        ("metrics: [Accuracy]", "2:11: error: the column 'accuracy' of metrics.jsonl is taken;"),
        (
            "metrics: [{MeanSquaredError: {name: [a]}}]",
            "2:37: error: MeanSquaredError's argument 'name' expects text, got ['a']",
        ),
        ("optimizer: addam", "2:12: error: unknown optimizer 'addam'; did you mean 'adam'?"),
        ("optimizer: Addam", "2:12: error: unknown optimizer 'Addam'; did you mean 'Adam'?"),
        ("optimizer: rmsprob", "2:12: error: unknown optimizer 'rmsprob'; did you mean 'rmsprop'?"),
        (
            "optimizer: zzz",
            "2:12: error: unknown optimizer 'zzz'; expected one of keras.optimizers",
        ),
        (
            "optimizer: {Adam: {lerning_rate: 1}}",
            "2:20: error: Adam has no argument 'lerning_rate'; did you mean 'learning_rate'?",
        ),
        (
            "optimizer: {Adam: {learning_rate: '0.1'}}",
            "2:35: error: unknown learning-rate schedule '0.1'; expected a number, or one of "
            "keras.optimizers.schedules",
        ),
        (
            "optimizer: {Adam: {learning_rate: {CosineDecay: {decay_steps: 120%}}}}",
            "2:36: error: CosineDecay needs 'initial_learning_rate'",
        ),
        (
            "optimizer:\n  Adam:\n  learning_rate: 0.1",
            "4:3: error: expected one optimizer, as 'Name' or 'Name: {…}', got several keys "
            "(Adam, learning_rate)",
        ),
        ("optimizer:", "2:11: error: expected one optimizer, as 'Name' or 'Name: {…}', got noth"),
        ("loss: [mse]", "2:7: error: expected one loss, as 'Name' or 'Name: {…}', got ['mse']"),
        (
            "loss: sparse_crossentropy",
            "2:7: error: unknown loss 'sparse_crossentropy'; did you mean "
            "'sparse_categorical_crossentropy'?",
        ),
        (
            "loss: Sparsecategoricalentropy",
            "2:7: error: unknown loss 'Sparsecategoricalentropy'; did you mean "
            "'SparseCategoricalCrossentropy'?",
        ),
        ("loss: Loss", "2:7: error: Loss is a base class of Keras, which does not"),
        ("metrics: [MeanMetricWrapper]", "2:11: error: MeanMetricWrapper takes Python objects"),
        (
            "checkpoint: {best: 3}",
            "2:20: error: checkpoint.best: expected a metric's name, or {monitor: NAME, mode: "
            "min or max}, got 3",
        ),
        (
            "checkpoint: {best: {monitor: val_acc}}",
            "2:30: error: unknown metric 'val_acc'; did you mean 'val_accuracy'?",
        ),
        (
            "checkpoint: {best: {mode: mean}}",
            "2:27: error: checkpoint.best.mode: expected 'min' or 'max', got 'mean'",
        ),
        (
            "checkpoint: {best: {mod: min}}",
            "2:21: error: unknown key 'mod'; did you mean 'mode'?",
        ),
        (
            "early_stopping: {mode: down}",
            "2:24: error: early_stopping.mode: expected 'min' or 'max', got 'down'",
        ),
        (
            "data: {validation: 0}\nearly_stopping: {monitor: val_loss}",
            "3:27: error: there are no validation images for 'val_loss': expected one of loss, "
            "accuracy",
        ),
        (
            "data: {validation: 0.0}",
            "2:20: error: data.validation: expected a number of images, a share between 0 and 1, "
            "or 'test', got 0.0",
        ),
        (
            "optimizer: {Adam: {clipnorm: high}}",
            "2:30: error: Adam's argument 'clipnorm' expects a number, got 'high'",
        ),
        (
            "data: &d {validation: 1}\nearly_stopping: {<<: *d}",
            "3:18: error: merge keys (<<) are not part of the language; write the keys out",
        ),
        (
            "loss: {mse: {reduction: 3}}",
            "2:25: error: MeanSquaredError's argument 'reduction' expects",
        ),
        ("augment: [{RandomFlip: {mod: a}}]", "2:25: error: RandomFlip has no argument 'mod'; did"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(errors_of: ErrorsOf, text: str, message: str) -> None:
    assert errors_of(LAYERS + text)[0].startswith(f"c.yaml:{message}")


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("Conv2d", "1:10: error: unknown layer 'Conv2d'; did you mean 'Conv2D'?"),
        ("Conv2d: {filters: 3}", "1:11: error: unknown layer 'Conv2d'; did you mean 'Conv2D'?"),
        ("Qwerty", "1:10: error: unknown layer 'Qwerty'; expected one of keras.layers"),
        ("Dense", "1:10: error: Dense needs 'units'"),
        ("Conv2D: {filters: 3}", "1:11: error: Conv2D needs 'kernel_size'"),
        ("Conv2D", "1:10: error: Conv2D needs 'filters' and 'kernel_size'"),
        ("Dense: {units: ten}", "1:26: error: Dense's argument 'units' expects a whole number, g"),
        ("Dense: {units: 1.5}", "1:26: error: Dense's argument 'units' expects a whole number, g"),
        ("Dense: {units: {}}", "1:26: error: Dense's argument 'units' expects a whole number, got"),
        (
            "Dropout: {rate: '0.5'}",
            "1:27: error: Dropout's argument 'rate' expects a number, got '",
        ),
        (
            "Dense: {units: 3, use_bias: no}",
            "1:39: error: Dense's argument 'use_bias' expects true",
        ),
        (
            "Dense: {units: 3, actvation: relu}",
            "1:29: error: Dense has no argument 'actvation'; did",
        ),
        ("Dense: {unit: 3}", "1:19: error: Dense has no argument 'unit'; did you mean 'units'?"),
        ("Dense: 3", "1:18: error: Dense expects its arguments as {units: …}, got 3"),
        (
            "Activation: {activation: rellu}",
            "1:36: error: unknown activation 'rellu'; did you mean 'relu'?",
        ),
        (
            "Activation: {activation: [relu]}",
            "1:36: error: expected the name of an activation, got ['relu']",
        ),
        (
            "Activation: {activation: {ReLU: }}",
            "1:36: error: expected the name of an activation, got a mapping",
        ),
        ("5", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got 5"),
        ("null", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got nothing"),
        ("{}", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got nothing"),
        ("[Flatten]", "1:10: error: expected one layer, as 'Name' or 'Name: {…}', got ['Flatten']"),
        (
            "Lambda: {function: x}",
            "1:11: error: Lambda runs code or a file from outside the config",
        ),
        (
            "lambda: {function: x}",
            "1:11: error: Lambda runs code or a file from outside the config",
        ),
        ("serialize", "1:10: error: unknown layer 'serialize'; "),
        ("TFSMLayer: {filepath: /x}", "1:11: error: TFSMLayer runs code or a file from outside"),
        ("TimeDistributed: {layer: {Lambda: {function: x}}}", "1:37: error: Lambda runs code or"),
        ("TimeDistributed: {layer: {Dense: {unit: 1}}}", "1:45: error: Dense has no argument 'uni"),
        (
            "RNN: {cell: [{GRUCel: }]}",
            "1:25: error: unknown layer 'GRUCel'; did you mean 'GRUCell'",
        ),
        (
            "TimeDistributed: {layer: {Dense: {units: 1, inputs: a}}}",
            "1:55: error: Dense has no argument 'inputs'; ",
        ),
        (
            "Dense: {units: 3, kernel_regularizer: L3}",
            "1:49: error: unknown regularizer 'L3'; expected one of keras.reg",
        ),
        (
            "Dense: {units: 3, kernel_initializer: {Constant: 3}}",
            "1:60: error: Constant expects its arguments as {value: …}, got 3",
        ),
        ("Flatten: {name: a b}", "1:27: error: Flatten's name: expected up to 64 of A-Z, a-z, 0-9"),
        ("Flatten: {name: input}", "1:27: error: a layer before this is already named 'input'"),
        (
            "Add: {inputs: [input, inptu]}",
            "1:33: error: no layer before this is named 'inptu'; did",
        ),
        ("Add: {inputs: {a: b}}", "1:26: error: Add takes no 'a'; it takes inputs"),
        ("Add: {inputs: {inputs: [a]}}", "1:25: error: inputs expects names of layers, [a, b], g"),
        (
            "Attention: {inputs: {inputs: inptu}}",
            "1:40: error: no layer before this is named 'inptu'; did you mean 'input'?",
        ),
        (
            "MultiHeadAttention: {num_heads: 1, key_dim: 1, inputs: {query: input, valu: input}}",
            "1:81: error: MultiHeadAttention takes no 'valu'; did you mean 'value'?",
        ),
        (
            "Flatten: {input_shape: [28, 28]}",
            "1:21: error: Flatten has no argument 'input_shape'; leave it out: the input layer is",
        ),
        (
            "Dense: {units: 10, input_dim: 784}",
            "1:30: error: Dense has no argument 'input_dim'; leave it out: the input layer is add",
        ),
        (
            "MaxPooling2D: {pool_size: '(2, 2)'}",
            "1:37: error: MaxPooling2D's argument 'pool_size' expects a list or a whole number, "
            "got '(2, 2)'; a list is written [2, 2]",
        ),
        ("MaxPooling2D: {pool_size: (2, 2)}", "1:37: error: MaxPooling2D's argument 'pool_size'"),
        ("InputSpec", "1:10: error: InputSpec is no layer; 'Input' is one"),
        ("Wrapper: {layer: ReLU}", "1:11: error: Wrapper is a base class of Keras"),
        ("batch_normalisation", "1:10: error: unknown layer 'batch_normalisation'; did you mean "),
        ("Add: {inputs: }", "1:25: error: inputs expects names of layers, [a, b], got nothing"),
    ],
)
def test_a_wrong_layer_is_told_with_its_place(
    errors_of: ErrorsOf, layer: str, message: str
) -> None:
    in_list = f"{{{layer}}}" if ": " in layer else layer
    assert errors_of(f"layers: [{in_list}]")[0].startswith(f"c.yaml:{message}")


@pytest.mark.parametrize("steps", ["120%", "0%", "5 %", "-3", "many", "true", ".inf", "[[x]]"])
def test_a_number_of_steps_is_a_count_or_a_share(errors_of: ErrorsOf, steps: str) -> None:
    schedule = f"CosineDecay: {{initial_learning_rate: 1, decay_steps: {steps}}}"
    [line, _] = errors_of(f"{LAYERS}optimizer: {{Adam: {{learning_rate: {{{schedule}}}}}}}")
    assert line.startswith("c.yaml:2:")
    assert (
        "CosineDecay's argument 'decay_steps' expects a number of steps, or a share of the run "
        "up to 100%, got " in line
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs: 3", "1:1: error: 'layers' is missing; it is the one key that has no default"),
        ("{}", "1:1: error: 'layers' is missing; it is the one key that has no default"),
        ("layers:", "1:8: error: layers: expected a list, got nothing"),
        ("layers: null", "1:9: error: layers: expected a list, got nothing"),
        ("layers: []", "1:9: error: layers: expected at least one, got []"),
        ("layers: {Dense: {units: 1}}", "1:9: error: layers: expected a list, got a mapping"),
        ("layers: Dense", "1:9: error: layers: expected a list, got 'Dense'"),
        ("# all of it:\n- Dense", "2:1: error: expected a mapping, 'layers: […]', got ['Dense']"),
        ("Dense", "1:1: error: expected a mapping, 'layers: […]', got 'Dense'"),
    ],
)
def test_a_config_without_layers_is_refused(errors_of: ErrorsOf, text: str, message: str) -> None:
    assert errors_of(text) == [f"c.yaml:{message}", "1 error in c.yaml"]


def test_all_errors_are_told_at_once_in_the_order_of_the_file(errors_of: ErrorsOf) -> None:
    assert errors_of("""\
epochs: 0
layers:
  - Conv2D: {filter: 32, kernel_size: three}
  - Dens: {units: 10}
loss: mse
loss: mae
data: {dataset: mnist, validate: 5000}
optimizer: {Adam: {learning_rate: {CosineDecay: {}}}}
batchsize: 3
""") == [
        "c.yaml:1:9: error: epochs: expected at least 1, got 0",
        "c.yaml:3:14: error: Conv2D has no argument 'filter'; did you mean 'filters'?",
        "c.yaml:3:39: error: Conv2D's argument 'kernel_size' expects a list or a whole number, "
        "got 'three'",
        "c.yaml:4:5: error: unknown layer 'Dens'; did you mean 'Dense'?",
        "c.yaml:6:1: error: duplicate key 'loss'; it is already on line 5",
        "c.yaml:7:24: error: unknown key 'validate'; did you mean 'validation'?",
        "c.yaml:8:36: error: CosineDecay needs 'initial_learning_rate' and 'decay_steps'",
        "c.yaml:9:1: error: unknown key 'batchsize'; did you mean 'batch_size'?",
        "8 errors in c.yaml",
    ]
