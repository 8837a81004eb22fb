"""ALBERT in numpy, float64, written from the paper and the description of Hugging Face's checkpoint layout.

It shares no code and no shape logic with albert_edge: loops over texts, heads and layers, weights by their file names.
"""

import math

import numpy as np


def layer_norm(values, weights, name, epsilon):
    mean = values.mean(axis=-1, keepdims=True)
    variance = ((values - mean) ** 2).mean(axis=-1, keepdims=True)
    return (values - mean) / np.sqrt(variance + epsilon) * weights[name + ".weight"] + weights[name + ".bias"]


def linear(values, weights, name):
    return values @ weights[name + ".weight"].T + weights[name + ".bias"]


def activate(values, kind):
    if kind == "relu":
        return np.where(values > 0, values, 0.0)
    if kind == "gelu":
        return values * np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))(values)
    assert kind == "gelu_new"
    return 0.5 * values * (1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)))


def attention(hidden, keep, weights, prefix, heads):
    """One text: hidden [T, H], keep [T] true where a token may be attended to."""
    size = hidden.shape[1] // heads
    query, key, value = (linear(hidden, weights, f"{prefix}.{part}") for part in ("query", "key", "value"))
    mixed = np.zeros_like(hidden)
    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        scores = query[:, part] @ key[:, part].T / math.sqrt(size)
        scores = np.where(keep[None, :], scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        mixed[:, part] = scores / scores.sum(axis=1, keepdims=True) @ value[:, part]
    return linear(mixed, weights, f"{prefix}.dense")


def block(hidden, keep, weights, prefix, config):
    epsilon = config["layer_norm_eps"]
    attended = attention(hidden, keep, weights, f"{prefix}.attention", config["num_attention_heads"])
    hidden = layer_norm(hidden + attended, weights, f"{prefix}.attention.LayerNorm", epsilon)
    inner = activate(linear(hidden, weights, f"{prefix}.ffn"), config["hidden_act"])
    transformed = linear(inner, weights, f"{prefix}.ffn_output")
    return layer_norm(hidden + transformed, weights, f"{prefix}.full_layer_layer_norm", epsilon)


def albert(weights, config, ids, segments, keep):
    """One text. Returns hidden states [L + 1, T, H], pooled [H], logits [labels]."""
    weights = {name: values.astype(np.float64) for name, values in weights.items()}
    embedded = (
        weights["albert.embeddings.word_embeddings.weight"][ids]
        + weights["albert.embeddings.position_embeddings.weight"][: len(ids)]
        + weights["albert.embeddings.token_type_embeddings.weight"][segments]
    )
    embedded = layer_norm(embedded, weights, "albert.embeddings.LayerNorm", config["layer_norm_eps"])
    states = [linear(embedded, weights, "albert.encoder.embedding_hidden_mapping_in")]
    for layer in range(config["num_hidden_layers"]):
        group = int(layer / (config["num_hidden_layers"] / config["num_hidden_groups"]))
        hidden = states[-1]
        for inner in range(config["inner_group_num"]):
            prefix = f"albert.encoder.albert_layer_groups.{group}.albert_layers.{inner}"
            hidden = block(hidden, keep, weights, prefix, config)
        states.append(hidden)
    pooled = np.tanh(linear(states[-1][0], weights, "albert.pooler"))
    return np.stack(states), pooled, linear(pooled, weights, "classifier")
