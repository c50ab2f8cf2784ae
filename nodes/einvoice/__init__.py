"""Electronic invoices of EN 16931: read into one model, and checked for their arithmetic."""

from nodes.einvoice.arithmetic import check_arithmetic
from nodes.einvoice.findings import Finding
from nodes.einvoice.model import Invoice
from nodes.einvoice.reading import Reading, read_invoice

__all__ = ["Finding", "Invoice", "Reading", "check_arithmetic", "read_invoice"]
