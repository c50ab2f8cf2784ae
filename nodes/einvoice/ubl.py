"""Where UBL 2.1 invoices and credit notes state the terms of EN 16931."""

import re

from nodes.einvoice.binding import (
    Amount,
    Code,
    Day,
    Group,
    Many,
    Number,
    Prose,
    Source,
    Stated,
    Terms,
    Text,
    TotalTax,
    TotalTaxForAccounting,
    Value,
    either,
    identifier,
    identifiers,
    prose,
)

INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
CREDIT_NOTE = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"

CURRENCY = Code("cbc:DocumentCurrencyCode")
TAX_CURRENCY = Code("cbc:TaxCurrencyCode")
_TYPE_CODE = Text(either("cbc:InvoiceTypeCode", "cbc:CreditNoteTypeCode"))

# UBL demands an order number even where only the seller's own one is known, so senders fill in a word.
_ORDER = (
    "cac:OrderReference[not(cbc:SalesOrderID and "
    "contains('|NA|N/A|-|Dummywert|', concat('|', normalize-space(cbc:ID), '|')))]/cbc:ID"
)


class CodedNote(Prose):
    """A note that opens with the code of its subject between two hashes, as CEN's UBL mapping has it."""

    def parse(self, stated: Stated, source: Source) -> Value:
        text = prose(stated.text)
        coded = re.fullmatch(r"#([A-Z]{3})#(.+)", text, re.DOTALL)
        return {"subject": coded[1], "text": coded[2].strip()} if coded else {"text": text}


_VAT = "[cac:TaxScheme/cbc:ID = 'VAT']"
_ADDRESS: Terms = {
    "lines": Many(
        "descendant::" + either("cbc:StreetName", "cbc:AdditionalStreetName", "cbc:Line"), Text(".")
    ),
    "city": Text("cbc:CityName"),
    "postcode": Text("cbc:PostalZone"),
    "region": Text("cbc:CountrySubentity"),
    "country": Code("cac:Country/cbc:IdentificationCode"),
}
_PARTY: Terms = {
    # The creditor's SEPA identifier stands among the seller's own ones.
    "ids": identifiers("cac:PartyIdentification/cbc:ID[not(@schemeID = 'SEPA')]"),
    "legal_id": identifier("cac:PartyLegalEntity/cbc:CompanyID"),
    "vat_id": Code(f"cac:PartyTaxScheme{_VAT}/cbc:CompanyID"),
    "tax_id": Text("cac:PartyTaxScheme[not(cac:TaxScheme/cbc:ID = 'VAT')]/cbc:CompanyID"),
    "legal_form": Text("cac:PartyLegalEntity/cbc:CompanyLegalForm"),
    "electronic_address": identifier("cbc:EndpointID"),
    "address": Group("cac:PostalAddress", _ADDRESS),
    "contact": Group(
        "cac:Contact",
        {"name": Text("cbc:Name"), "phone": Text("cbc:Telephone"), "email": Text("cbc:ElectronicMail")},
    ),
}
_REGISTERED_PARTY: Terms = {
    "name": Text("cac:PartyLegalEntity/cbc:RegistrationName"),
    "trading_name": Text("cac:PartyName/cbc:Name"),
    **_PARTY,
}
_NAMED_PARTY = {"name": Text("cac:PartyName/cbc:Name"), **_PARTY}

_PERIOD = {"start": Day("cbc:StartDate"), "end": Day("cbc:EndDate")}
_LINE_ADJUSTMENT: Terms = {
    "amount": Amount("cbc:Amount"),
    "base": Amount("cbc:BaseAmount"),
    "percent": Number("cbc:MultiplierFactorNumeric"),
    "reason": Text("cbc:AllowanceChargeReason"),
    "reason_code": Text("cbc:AllowanceChargeReasonCode"),
}
_ADJUSTMENT: Terms = {
    **_LINE_ADJUSTMENT,
    "vat_category": Code(f"cac:TaxCategory{_VAT}/cbc:ID"),
    "vat_rate": Number(f"cac:TaxCategory{_VAT}/cbc:Percent"),
}
_ALLOWANCES = "cac:AllowanceCharge[normalize-space(cbc:ChargeIndicator) = 'false']"
_CHARGES = "cac:AllowanceCharge[normalize-space(cbc:ChargeIndicator) = 'true']"
_ITEM_VAT = f"cac:Item/cac:ClassifiedTaxCategory{_VAT}"

_QUANTITY = either("cbc:InvoicedQuantity", "cbc:CreditedQuantity")
_LINE: Terms = {
    "id": Text("cbc:ID"),
    "note": Prose("cbc:Note"),
    "object_id": identifier("cac:DocumentReference[cbc:DocumentTypeCode = '130']/cbc:ID"),
    "quantity": Number(_QUANTITY),
    "unit": Text(f"{_QUANTITY}/@unitCode"),
    "net_amount": Amount("cbc:LineExtensionAmount"),
    "order_line": Text("cac:OrderLineReference/cbc:LineID"),
    "accounting_reference": Text("cbc:AccountingCost"),
    "period": Group("cac:InvoicePeriod", _PERIOD),
    "allowances": Many(_ALLOWANCES, _LINE_ADJUSTMENT),
    "charges": Many(_CHARGES, _LINE_ADJUSTMENT),
    "net_price": Amount("cac:Price/cbc:PriceAmount"),
    "price_discount": Amount("cac:Price/cac:AllowanceCharge/cbc:Amount"),
    "gross_price": Amount("cac:Price/cac:AllowanceCharge/cbc:BaseAmount"),
    "base_quantity": Number("cac:Price/cbc:BaseQuantity"),
    "base_unit": Text("cac:Price/cbc:BaseQuantity/@unitCode"),
    "vat_category": Code(f"{_ITEM_VAT}/cbc:ID"),
    "vat_rate": Number(f"{_ITEM_VAT}/cbc:Percent"),
    "item_name": Text("cac:Item/cbc:Name"),
    "description": Prose("cac:Item/cbc:Description"),
    "seller_item_id": Text("cac:Item/cac:SellersItemIdentification/cbc:ID"),
    "buyer_item_id": Text("cac:Item/cac:BuyersItemIdentification/cbc:ID"),
    "standard_item_id": identifier("cac:Item/cac:StandardItemIdentification/cbc:ID"),
    "classifications": Many(
        "cac:Item/cac:CommodityClassification/cbc:ItemClassificationCode",
        {"code": Text("."), "scheme": Text("./@listID"), "version": Text("./@listVersionID")},
    ),
    "origin": Code("cac:Item/cac:OriginCountry/cbc:IdentificationCode"),
}


_TOTALS: Terms = {
    "line_sum": Amount("cac:LegalMonetaryTotal/cbc:LineExtensionAmount"),
    "allowances": Amount("cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount"),
    "charges": Amount("cac:LegalMonetaryTotal/cbc:ChargeTotalAmount"),
    "tax_exclusive": Amount("cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount"),
    "tax": TotalTax("cac:TaxTotal/cbc:TaxAmount"),
    "tax_inclusive": Amount("cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"),
    "prepaid": Amount("cac:LegalMonetaryTotal/cbc:PrepaidAmount"),
    "rounding": Amount("cac:LegalMonetaryTotal/cbc:PayableRoundingAmount"),
    "payable": Amount("cac:LegalMonetaryTotal/cbc:PayableAmount"),
}
_VAT_GROUP: Terms = {
    "taxable": Amount("cbc:TaxableAmount"),
    "tax": Amount("cbc:TaxAmount"),
    "category": Code(f"cac:TaxCategory{_VAT}/cbc:ID"),
    "rate": Number(f"cac:TaxCategory{_VAT}/cbc:Percent"),
    "exemption": Text("cac:TaxCategory/cbc:TaxExemptionReason"),
    "exemption_code": Text("cac:TaxCategory/cbc:TaxExemptionReasonCode"),
}
_PAYMENT_MEANS: Terms = {
    "code": Text("cbc:PaymentMeansCode"),
    "text": Text("cbc:PaymentMeansCode/@name"),
    "remittance": Text("cbc:PaymentID"),
    "account": Code("cac:PayeeFinancialAccount/cbc:ID"),
    "account_name": Text("cac:PayeeFinancialAccount/cbc:Name"),
    "bic": Code("cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID"),
    "card": Text("cac:CardAccount/cbc:PrimaryAccountNumberID"),
    "mandate": Text("cac:PaymentMandate/cbc:ID"),
    "debited_account": Code("cac:PaymentMandate/cac:PayerFinancialAccount/cbc:ID"),
}
_ATTACHMENT: Terms = {
    "id": Text("cbc:ID"),
    "description": Text("cbc:DocumentDescription"),
    "location": Text("cac:Attachment/cac:ExternalReference/cbc:URI"),
    "mime": Text("cac:Attachment/cbc:EmbeddedDocumentBinaryObject/@mimeCode"),
    "filename": Text("cac:Attachment/cbc:EmbeddedDocumentBinaryObject/@filename"),
}
_OBJECT = "cac:AdditionalDocumentReference[cbc:DocumentTypeCode = '130']"

TERMS: Terms = {
    "type_code": _TYPE_CODE,
    "number": Text("cbc:ID"),
    "issue_date": Day("cbc:IssueDate"),
    "currency": CURRENCY,
    "tax_currency": TAX_CURRENCY,
    "tax_in_tax_currency": TotalTaxForAccounting("cac:TaxTotal/cbc:TaxAmount"),
    "tax_point_date": Day("cbc:TaxPointDate"),
    "due_date": Day("cbc:DueDate | cac:PaymentMeans/cbc:PaymentDueDate"),
    "buyer_reference": Text("cbc:BuyerReference"),
    "project_reference": Text("cac:ProjectReference/cbc:ID"),
    "contract_reference": Text("cac:ContractDocumentReference/cbc:ID"),
    "order_reference": Text(_ORDER),
    "sales_order_reference": Text("cac:OrderReference/cbc:SalesOrderID"),
    "receipt_reference": Text("cac:ReceiptDocumentReference/cbc:ID"),
    "despatch_reference": Text("cac:DespatchDocumentReference/cbc:ID"),
    "tender_reference": Text("cac:OriginatorDocumentReference/cbc:ID"),
    "object_id": identifier(f"{_OBJECT}/cbc:ID"),
    "accounting_reference": Text("cbc:AccountingCost"),
    "payment_terms": Prose("cac:PaymentTerms/cbc:Note"),
    "notes": Many("cbc:Note", CodedNote(".")),
    "process": Text("cbc:ProfileID"),
    "profile": Text("cbc:CustomizationID"),
    "preceding": Many(
        "cac:BillingReference/cac:InvoiceDocumentReference",
        {"number": Text("cbc:ID"), "issue_date": Day("cbc:IssueDate")},
    ),
    "seller": Group("cac:AccountingSupplierParty/cac:Party", _REGISTERED_PARTY),
    "buyer": Group("cac:AccountingCustomerParty/cac:Party", _REGISTERED_PARTY),
    "payee": Group("cac:PayeeParty", _NAMED_PARTY),
    "tax_representative": Group("cac:TaxRepresentativeParty", _NAMED_PARTY),
    "delivery": Group(
        "cac:Delivery",
        {
            "name": Text("cac:DeliveryParty/cac:PartyName/cbc:Name"),
            "location": identifier("cac:DeliveryLocation/cbc:ID"),
            "delivered_on": Day("cbc:ActualDeliveryDate"),
            "address": Group("cac:DeliveryLocation/cac:Address", _ADDRESS),
        },
    ),
    "period": Group("cac:InvoicePeriod", _PERIOD),
    "payment_means": Many("cac:PaymentMeans", _PAYMENT_MEANS),
    "allowances": Many(_ALLOWANCES, _ADJUSTMENT),
    "charges": Many(_CHARGES, _ADJUSTMENT),
    "totals": Group(".", _TOTALS),
    "vat": Many("cac:TaxTotal/cac:TaxSubtotal", _VAT_GROUP),
    "attachments": Many("cac:AdditionalDocumentReference[not(cbc:DocumentTypeCode = '130')]", _ATTACHMENT),
    "lines": Many(either("cac:InvoiceLine", "cac:CreditNoteLine"), _LINE),
}
