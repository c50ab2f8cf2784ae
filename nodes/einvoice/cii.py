"""Where a UN/CEFACT Cross Industry Invoice (D16B) states the terms of EN 16931."""

from dataclasses import dataclass

from lxml import etree

from nodes.einvoice.binding import (
    NAMESPACES,
    Amount,
    Code,
    Day,
    Group,
    Many,
    Number,
    Prose,
    Source,
    Terms,
    Text,
    TotalTax,
    TotalTaxForAccounting,
    Value,
    either,
    elements,
    identifier,
    identifiers,
    read_terms,
)

INVOICE = NAMESPACES["rsm"]

_DOCUMENT = "rsm:ExchangedDocument"
_CONTEXT = "rsm:ExchangedDocumentContext"
_TRADE = "rsm:SupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ram:ApplicableHeaderTradeAgreement"
_DELIVERY = f"{_TRADE}/ram:ApplicableHeaderTradeDelivery"
_SETTLEMENT = f"{_TRADE}/ram:ApplicableHeaderTradeSettlement"
_SUMMATION = f"{_SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"

CURRENCY = Code(f"{_SETTLEMENT}/ram:InvoiceCurrencyCode")
TAX_CURRENCY = Code(f"{_SETTLEMENT}/ram:TaxCurrencyCode")

_ADDRESS: Terms = {
    "lines": Many(either("ram:LineOne", "ram:LineTwo", "ram:LineThree"), Text(".")),
    "city": Text("ram:CityName"),
    "postcode": Text("ram:PostcodeCode"),
    "region": Text("ram:CountrySubDivisionName"),
    "country": Code("ram:CountryID"),
}
_PARTY: Terms = {
    "name": Text("ram:Name"),
    "trading_name": Text("ram:SpecifiedLegalOrganization/ram:TradingBusinessName"),
    "ids": identifiers(either("ram:ID", "ram:GlobalID")),
    "legal_id": identifier("ram:SpecifiedLegalOrganization/ram:ID"),
    "vat_id": Code("ram:SpecifiedTaxRegistration/ram:ID[@schemeID = 'VA']"),
    "tax_id": Text("ram:SpecifiedTaxRegistration/ram:ID[@schemeID = 'FC']"),
    "legal_form": Text("ram:Description"),
    "electronic_address": identifier("ram:URIUniversalCommunication/ram:URIID"),
    "address": Group("ram:PostalTradeAddress", _ADDRESS),
    "contact": Group(
        "ram:DefinedTradeContact",
        {
            "name": Text("ram:PersonName"),
            "phone": Text("ram:TelephoneUniversalCommunication/ram:CompleteNumber"),
            "email": Text("ram:EmailURIUniversalCommunication/ram:URIID"),
        },
    ),
}
_PERIOD: Terms = {
    "start": Day("ram:StartDateTime/udt:DateTimeString"),
    "end": Day("ram:EndDateTime/udt:DateTimeString"),
}
_LINE_ADJUSTMENT: Terms = {
    "amount": Amount("ram:ActualAmount"),
    "base": Amount("ram:BasisAmount"),
    "percent": Number("ram:CalculationPercent"),
    "reason": Text("ram:Reason"),
    "reason_code": Text("ram:ReasonCode"),
}
_ADJUSTMENT: Terms = {
    **_LINE_ADJUSTMENT,
    "vat_category": Code("ram:CategoryTradeTax[ram:TypeCode = 'VAT']/ram:CategoryCode"),
    "vat_rate": Number("ram:CategoryTradeTax[ram:TypeCode = 'VAT']/ram:RateApplicablePercent"),
}
_ALLOWANCES = (
    "ram:SpecifiedTradeAllowanceCharge[normalize-space(ram:ChargeIndicator/udt:Indicator) = 'false']"
)
_CHARGES = "ram:SpecifiedTradeAllowanceCharge[normalize-space(ram:ChargeIndicator/udt:Indicator) = 'true']"

_PRODUCT = "ram:SpecifiedTradeProduct"
_PRICES = "ram:SpecifiedLineTradeAgreement"
_NET = f"{_PRICES}/ram:NetPriceProductTradePrice"
_GROSS = f"{_PRICES}/ram:GrossPriceProductTradePrice"
# Net and gross price are for the same quantity, and either of them may say for how much.
_BASE = f"{_PRICES}/" + either("ram:NetPriceProductTradePrice", "ram:GrossPriceProductTradePrice")
_LINE_SETTLEMENT = "ram:SpecifiedLineTradeSettlement"
_LINE_VAT = f"{_LINE_SETTLEMENT}/ram:ApplicableTradeTax[ram:TypeCode = 'VAT']"

_LINE: Terms = {
    "id": Text("ram:AssociatedDocumentLineDocument/ram:LineID"),
    "note": Prose("ram:AssociatedDocumentLineDocument/ram:IncludedNote/ram:Content"),
    "object_id": Group(
        f"{_LINE_SETTLEMENT}/ram:AdditionalReferencedDocument[ram:TypeCode = '130']",
        {"value": Text("ram:IssuerAssignedID"), "scheme": Text("ram:ReferenceTypeCode")},
    ),
    "quantity": Number("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"),
    "unit": Text("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity/@unitCode"),
    "net_amount": Amount(
        f"{_LINE_SETTLEMENT}/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount"
    ),
    "order_line": Text(f"{_PRICES}/ram:BuyerOrderReferencedDocument/ram:LineID"),
    "accounting_reference": Text(f"{_LINE_SETTLEMENT}/ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
    "period": Group(f"{_LINE_SETTLEMENT}/ram:BillingSpecifiedPeriod", _PERIOD),
    "allowances": Many(f"{_LINE_SETTLEMENT}/{_ALLOWANCES}", _LINE_ADJUSTMENT),
    "charges": Many(f"{_LINE_SETTLEMENT}/{_CHARGES}", _LINE_ADJUSTMENT),
    "net_price": Amount(f"{_NET}/ram:ChargeAmount"),
    "price_discount": Amount(f"{_GROSS}/ram:AppliedTradeAllowanceCharge/ram:ActualAmount"),
    "gross_price": Amount(f"{_GROSS}/ram:ChargeAmount"),
    "base_quantity": Number(f"{_BASE}/ram:BasisQuantity"),
    "base_unit": Text(f"{_BASE}/ram:BasisQuantity/@unitCode"),
    "vat_category": Code(f"{_LINE_VAT}/ram:CategoryCode"),
    "vat_rate": Number(f"{_LINE_VAT}/ram:RateApplicablePercent"),
    "item_name": Text(f"{_PRODUCT}/ram:Name"),
    "description": Prose(f"{_PRODUCT}/ram:Description"),
    "seller_item_id": Text(f"{_PRODUCT}/ram:SellerAssignedID"),
    "buyer_item_id": Text(f"{_PRODUCT}/ram:BuyerAssignedID"),
    "standard_item_id": identifier(f"{_PRODUCT}/ram:GlobalID"),
    "classifications": Many(
        f"{_PRODUCT}/ram:DesignatedProductClassification/ram:ClassCode",
        {"code": Text("."), "scheme": Text("./@listID"), "version": Text("./@listVersionID")},
    ),
    "origin": Code(f"{_PRODUCT}/ram:OriginTradeCountry/ram:ID"),
}

_TOTALS: Terms = {
    "line_sum": Amount("ram:LineTotalAmount"),
    "allowances": Amount("ram:AllowanceTotalAmount"),
    "charges": Amount("ram:ChargeTotalAmount"),
    "tax_exclusive": Amount("ram:TaxBasisTotalAmount"),
    "tax": TotalTax("ram:TaxTotalAmount"),
    "tax_inclusive": Amount("ram:GrandTotalAmount"),
    "prepaid": Amount("ram:TotalPrepaidAmount"),
    "rounding": Amount("ram:RoundingAmount"),
    "payable": Amount("ram:DuePayableAmount"),
}
_VAT_GROUP: Terms = {
    "taxable": Amount("ram:BasisAmount"),
    "tax": Amount("ram:CalculatedAmount"),
    "category": Code("ram:CategoryCode"),
    "rate": Number("ram:RateApplicablePercent"),
    "exemption": Text("ram:ExemptionReason"),
    "exemption_code": Text("ram:ExemptionReasonCode"),
}
_ACCOUNT = "ram:PayeePartyCreditorFinancialAccount"
_PAYMENT_MEANS: Terms = {
    "code": Text("ram:TypeCode"),
    "text": Text("ram:Information"),
    "account": Code(f"{_ACCOUNT}/" + either("ram:IBANID", "ram:ProprietaryID")),
    "account_name": Text(f"{_ACCOUNT}/ram:AccountName"),
    "bic": Code("ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID"),
    "card": Text("ram:ApplicableTradeSettlementFinancialCard/ram:ID"),
    "debited_account": Code("ram:PayerPartyDebtorFinancialAccount/ram:IBANID"),
}
_FOR_ALL_PAYMENT_MEANS: Terms = {
    "remittance": Text("ram:PaymentReference"),
    "mandate": Text("ram:SpecifiedTradePaymentTerms/ram:DirectDebitMandateID"),
}


@dataclass(frozen=True)
class PaymentMeans:
    """The ways to pay, each with what CII states once for all of them and UBL repeats with each."""

    path: str

    def read(self, element: etree._Element, source: Source) -> Value:
        return [
            {**read_terms(means, _PAYMENT_MEANS, source=source), **shared}
            for settlement in elements(element, self.path)
            for shared in [read_terms(settlement, _FOR_ALL_PAYMENT_MEANS, source=source)]
            for means in elements(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
        ] or None


_ATTACHMENT: Terms = {
    "id": Text("ram:IssuerAssignedID"),
    "description": Text("ram:Name"),
    "location": Text("ram:URIID"),
    "mime": Text("ram:AttachmentBinaryObject/@mimeCode"),
    "filename": Text("ram:AttachmentBinaryObject/@filename"),
}
# UNTDID 1001 tells apart what stands in one list: 50 a tender, 130 an invoiced object, 916 a document.
_ADDITIONAL = f"{_AGREEMENT}/ram:AdditionalReferencedDocument"

TERMS: Terms = {
    "type_code": Text(f"{_DOCUMENT}/ram:TypeCode"),
    "number": Text(f"{_DOCUMENT}/ram:ID"),
    "issue_date": Day(f"{_DOCUMENT}/ram:IssueDateTime/udt:DateTimeString"),
    "currency": CURRENCY,
    "tax_currency": TAX_CURRENCY,
    "tax_in_tax_currency": TotalTaxForAccounting(f"{_SUMMATION}/ram:TaxTotalAmount"),
    "tax_point_date": Day(f"{_SETTLEMENT}/ram:ApplicableTradeTax/ram:TaxPointDate/udt:DateString"),
    "due_date": Day(f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString"),
    "buyer_reference": Text(f"{_AGREEMENT}/ram:BuyerReference"),
    "project_reference": Text(f"{_AGREEMENT}/ram:SpecifiedProcuringProject/ram:ID"),
    "contract_reference": Text(f"{_AGREEMENT}/ram:ContractReferencedDocument/ram:IssuerAssignedID"),
    "order_reference": Text(f"{_AGREEMENT}/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID"),
    "sales_order_reference": Text(f"{_AGREEMENT}/ram:SellerOrderReferencedDocument/ram:IssuerAssignedID"),
    "receipt_reference": Text(f"{_DELIVERY}/ram:ReceivingAdviceReferencedDocument/ram:IssuerAssignedID"),
    "despatch_reference": Text(f"{_DELIVERY}/ram:DespatchAdviceReferencedDocument/ram:IssuerAssignedID"),
    "tender_reference": Text(f"{_ADDITIONAL}[ram:TypeCode = '50']/ram:IssuerAssignedID"),
    "object_id": Group(
        f"{_ADDITIONAL}[ram:TypeCode = '130']",
        {"value": Text("ram:IssuerAssignedID"), "scheme": Text("ram:ReferenceTypeCode")},
    ),
    "accounting_reference": Text(f"{_SETTLEMENT}/ram:ReceivableSpecifiedTradeAccountingAccount/ram:ID"),
    "payment_terms": Prose(f"{_SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:Description"),
    "notes": Many(
        f"{_DOCUMENT}/ram:IncludedNote", {"text": Prose("ram:Content"), "subject": Text("ram:SubjectCode")}
    ),
    "process": Text(f"{_CONTEXT}/ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID"),
    "profile": Text(f"{_CONTEXT}/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"),
    "preceding": Many(
        f"{_SETTLEMENT}/ram:InvoiceReferencedDocument",
        {
            "number": Text("ram:IssuerAssignedID"),
            "issue_date": Day("ram:FormattedIssueDateTime/qdt:DateTimeString"),
        },
    ),
    "seller": Group(f"{_AGREEMENT}/ram:SellerTradeParty", _PARTY),
    "buyer": Group(f"{_AGREEMENT}/ram:BuyerTradeParty", _PARTY),
    "payee": Group(f"{_SETTLEMENT}/ram:PayeeTradeParty", _PARTY),
    "tax_representative": Group(f"{_AGREEMENT}/ram:SellerTaxRepresentativeTradeParty", _PARTY),
    "delivery": Group(
        _DELIVERY,
        {
            "name": Text("ram:ShipToTradeParty/ram:Name"),
            "location": identifier("ram:ShipToTradeParty/" + either("ram:ID", "ram:GlobalID")),
            "delivered_on": Day(
                "ram:ActualDeliverySupplyChainEvent/ram:OccurrenceDateTime/udt:DateTimeString"
            ),
            "address": Group("ram:ShipToTradeParty/ram:PostalTradeAddress", _ADDRESS),
        },
    ),
    "period": Group(f"{_SETTLEMENT}/ram:BillingSpecifiedPeriod", _PERIOD),
    "payment_means": PaymentMeans(_SETTLEMENT),
    "allowances": Many(f"{_SETTLEMENT}/{_ALLOWANCES}", _ADJUSTMENT),
    "charges": Many(f"{_SETTLEMENT}/{_CHARGES}", _ADJUSTMENT),
    "totals": Group(_SUMMATION, _TOTALS),
    "vat": Many(f"{_SETTLEMENT}/ram:ApplicableTradeTax[ram:TypeCode = 'VAT']", _VAT_GROUP),
    "attachments": Many(f"{_ADDITIONAL}[ram:TypeCode = '916']", _ATTACHMENT),
    "lines": Many(f"{_TRADE}/ram:IncludedSupplyChainTradeLineItem", _LINE),
}
