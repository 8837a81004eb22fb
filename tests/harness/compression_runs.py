"""A plan of the compression benchmark that takes seconds, and its tables read back."""

SMALL = {
    "size": "tiny",
    "layers": 2,
    "student": "tiny",
    "seeds": (1,),
    "distilled": ("separable",),
    "rounds": 3,
    "walks": 1,
    "lengths": (8, 16),
    "base": "tiny",
    # As many threads as the tests before have left TensorFlow with.
    "settings": {"batch_size": 16, "learning_rate": 2e-3, "threads": None},
}


def cells(text: str) -> list[dict[str, str]]:
    """The rows of a part's first table."""
    first = text.split("\n### ")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in first.splitlines() if line[:1] == "|"]
    return [dict(zip(lines[0], line)) for line in lines[2:]]
