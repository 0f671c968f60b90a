"""Records what PyTorch's GRU and multi-head attention make of numbers from a formula, for tests/models/networks.

  python tools/record_torch_layers.py > tests/data/networks/torch_layers.json     # needs torch and numpy

Number k of every input, parameter and output weight is sin(a k + b) times a scale, so that the tests make the same ones.
Parameters are one flat vector in Lockstep's order (models/networks/gru.h, attention.h); all arithmetic is in double.
"""
import json

import numpy
import torch

torch.set_default_dtype(torch.float64)
INPUTS, HIDDEN, STEPS, BATCH = 3, 4, 5, 2
WIDTH, HEADS = 6, 2


def numbers(count, a, b, scale):
    return scale * numpy.sin(a * numpy.arange(count) + b)


def parts(flat, *shapes):
    """The flat parameters as tensors of these shapes."""
    found, offset = [], 0
    for shape in shapes:
        size = int(numpy.prod(shape))
        found.append(torch.tensor(flat[offset:offset + size].reshape(shape)))
        offset += size
    assert offset == len(flat)
    return found


def flat(*tensors):
    return [float(x) for tensor in tensors for x in tensor.detach().reshape(-1)]


def gru():
    count = 3 * HIDDEN * (INPUTS + HIDDEN + 2)
    kernel, bias, state_kernel, state_bias = parts(numbers(count, 0.7, 0.1, 0.8), (INPUTS, 3 * HIDDEN), (3 * HIDDEN,),
                                                   (HIDDEN, 3 * HIDDEN), (3 * HIDDEN,))
    unit = torch.nn.GRU(INPUTS, HIDDEN)
    with torch.no_grad():
        unit.weight_ih_l0.copy_(kernel.T)
        unit.bias_ih_l0.copy_(bias)
        unit.weight_hh_l0.copy_(state_kernel.T)
        unit.bias_hh_l0.copy_(state_bias)
    inputs = torch.tensor(numbers(STEPS * BATCH * INPUTS, 1.3, 0.5, 1.0).reshape(STEPS, BATCH, INPUTS),
                          requires_grad=True)
    initial = torch.tensor(numbers(BATCH * HIDDEN, 0.9, 0.2, 0.5).reshape(1, BATCH, HIDDEN), requires_grad=True)
    outputs, _ = unit(inputs, initial)
    (outputs * torch.tensor(numbers(outputs.numel(), 0.4, 0.3, 1.0).reshape(outputs.shape))).sum().backward()
    return {"outputs": flat(outputs), "input_gradient": flat(inputs.grad), "initial_gradient": flat(initial.grad),
            "gradient": flat(unit.weight_ih_l0.grad.T, unit.bias_ih_l0.grad, unit.weight_hh_l0.grad.T,
                             unit.bias_hh_l0.grad)}


def attention(is_causal, absent):
    """`absent` steps of the last sequence may not be looked at."""
    count = 4 * WIDTH * WIDTH + 4 * WIDTH
    kernel, bias, out_kernel, out_bias = parts(numbers(count, 0.7, 0.1, 0.8), (WIDTH, 3 * WIDTH), (3 * WIDTH,),
                                               (WIDTH, WIDTH), (WIDTH,))
    layer = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    with torch.no_grad():
        layer.in_proj_weight.copy_(kernel.T)
        layer.in_proj_bias.copy_(bias)
        layer.out_proj.weight.copy_(out_kernel.T)
        layer.out_proj.bias.copy_(out_bias)
    inputs = torch.tensor(numbers(BATCH * STEPS * WIDTH, 1.3, 0.5, 1.0).reshape(BATCH, STEPS, WIDTH),
                          requires_grad=True)
    hidden = torch.zeros(BATCH, STEPS, dtype=torch.bool)
    hidden[-1, absent] = True
    mask = torch.triu(torch.ones(STEPS, STEPS, dtype=torch.bool), 1) if is_causal else None
    outputs, _ = layer(inputs, inputs, inputs, key_padding_mask=hidden, attn_mask=mask, need_weights=False)
    (outputs * torch.tensor(numbers(outputs.numel(), 0.4, 0.3, 1.0).reshape(outputs.shape))).sum().backward()
    return {"outputs": flat(outputs), "input_gradient": flat(inputs.grad),
            "gradient": flat(layer.in_proj_weight.grad.T, layer.in_proj_bias.grad, layer.out_proj.weight.grad.T,
                             layer.out_proj.bias.grad)}


def main():
    layers = {"gru": gru(), "attention": attention(False, []), "attention_causal_masked": attention(True, [2, 4])}
    print(f'{{"source": "tools/record_torch_layers.py with torch {torch.__version__}"', end="")
    for name, arrays in layers.items():
        lines = ",\n".join(f'"{key}": {json.dumps(values)}' for key, values in arrays.items())
        print(f',\n"{name}": {{\n{lines}}}', end="")
    print("}")


main()
