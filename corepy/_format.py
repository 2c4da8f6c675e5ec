def tensor_repr(x):
    return f'Tensor({x.tolist()}, dtype={x.dtype.name})'
tensor_str = tensor_html = tensor_repr
