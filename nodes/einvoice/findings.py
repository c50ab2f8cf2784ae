"""What a reader tells the person who must act on a document."""

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """One thing that is wrong with a document, in words."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Stable: an EN 16931 rule such as `BR-CO-10`, or a word of ours such as `missing_number`."""

    message: str

    where: str = ""
    """An XPath into the document, or an EN 16931 business term such as `BT-112`."""
