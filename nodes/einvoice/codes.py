"""The code lists that decide how an invoice is read and calculated."""

from decimal import Decimal
from typing import Literal

VatCategory = Literal["S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B"]

RULES_OF_CATEGORY = {
    "S": "BR-S",
    "Z": "BR-Z",
    "E": "BR-E",
    "AE": "BR-AE",
    "K": "BR-IC",
    "G": "BR-G",
    "O": "BR-O",
    "L": "BR-AF",
    "M": "BR-AG",
    "B": "BR-B",
}
"""VAT category → the family of EN 16931 rules that speaks of it."""

# UNTDID 1001, as far as EN 16931 allows it for something to be paid or credited. Pro forma (325) is
# left out on purpose: it asks nobody to pay.
_INVOICE_CODES = (
    "71 80 82 84 102 130 202 203 204 211 218 219 295 326 331 380 382 383 384 385 386 387 388 389 390 393 394 "
    "395 456 457 527 553 575 623 633 751 780 817 870 875 876 877 935"
)
_CREDIT_NOTE_CODES = "81 83 261 262 296 308 381 396 420 458 502 503 532"
INVOICE_CODES = frozenset(_INVOICE_CODES.split())
CREDIT_NOTE_CODES = frozenset(_CREDIT_NOTE_CODES.split())

# ISO 4217, without the codes for metals, bonds, funds and tests: nobody is paid in those.
_CURRENCIES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD "
    "LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK "
    "PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS "
    "TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF "
    "YER ZAR ZMW ZWG"
)
_WITHOUT_CENTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
CURRENCIES = frozenset(_CURRENCIES.split())
CURRENCIES_WITHOUT_CENTS = frozenset(_WITHOUT_CENTS.split())


def smallest_unit(currency: str) -> Decimal:
    """The step in which amounts of a currency are rounded.

    EN 16931 allows two decimals at most, so the three of a dinar are not used.
    """
    return Decimal("1") if currency in CURRENCIES_WITHOUT_CENTS else Decimal("0.01")
