-- The books. Amounts are whole minor units (cents); quantities, prices and rates are exact decimals as text.
-- What keeps the books right stands here and not in the program: whoever opens the file obeys it too.

-- Whose books these are. Up to and on the day `cash_stop_until` nothing is paid before it is due.
CREATE TABLE company (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    entity          TEXT NOT NULL,
    name            TEXT NOT NULL,
    vat_id          TEXT NOT NULL,
    city            TEXT NOT NULL,
    cash_stop_until TEXT
) STRICT;

-- VAT ids and accounts are written as what people compare: letters and digits, in upper case. `hold` is what
-- the law forbids: to pay the supplier, or to deal with it at all. A discount is agreed for payment within some
-- days of the invoice's date.
CREATE TABLE suppliers (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL,
    vat_id        TEXT NOT NULL UNIQUE,
    city          TEXT NOT NULL,
    country       TEXT NOT NULL,
    currency      TEXT NOT NULL,
    iban          TEXT NOT NULL,
    terms_days    INTEGER NOT NULL CHECK (terms_days >= 0),
    hold          TEXT NOT NULL DEFAULT 'none' CHECK (hold IN ('none', 'payment', 'all')),
    discount_pct  TEXT,
    discount_days INTEGER CHECK (discount_days >= 0),
    CHECK ((discount_pct IS NULL) = (discount_days IS NULL))
) STRICT;

CREATE INDEX suppliers_by_name ON suppliers (name_key);

CREATE TABLE rates (
    currency   TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    rate       TEXT NOT NULL,
    PRIMARY KEY (currency, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    number     TEXT PRIMARY KEY,
    number_key TEXT NOT NULL UNIQUE,
    supplier   TEXT NOT NULL REFERENCES suppliers (id),
    currency   TEXT NOT NULL,
    date       TEXT NOT NULL,
    contract   TEXT
) STRICT;

CREATE TABLE order_lines (
    order_number TEXT NOT NULL REFERENCES orders (number),
    line         INTEGER NOT NULL,
    item         TEXT NOT NULL,
    description  TEXT NOT NULL,
    quantity     TEXT NOT NULL,
    unit_price   TEXT NOT NULL,
    received     TEXT NOT NULL,
    PRIMARY KEY (order_number, line)
) STRICT;

CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    name    TEXT NOT NULL
) STRICT;

INSERT INTO accounts (account, name) VALUES
    ('1406', 'Input tax'),
    ('3300', 'Trade payables'),
    ('5400', 'Goods received'),
    ('6300', 'Other operating expenses');

-- An entry is a draft until `posted_at` is set. Its lines are in the base currency.
CREATE TABLE journal_entries (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    date      TEXT NOT NULL,
    text      TEXT NOT NULL,
    posted_at TEXT
) STRICT;

CREATE TABLE journal_lines (
    entry   INTEGER NOT NULL REFERENCES journal_entries (id),
    line    INTEGER NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (account),
    debit   INTEGER NOT NULL,
    credit  INTEGER NOT NULL,
    PRIMARY KEY (entry, line),
    CHECK ((debit > 0 AND credit = 0) OR (credit > 0 AND debit = 0))
) STRICT;

CREATE TABLE supplier_invoices (
    entry        INTEGER PRIMARY KEY REFERENCES journal_entries (id),
    key          TEXT NOT NULL UNIQUE,
    digest       TEXT NOT NULL,
    supplier     TEXT NOT NULL REFERENCES suppliers (id),
    number       TEXT NOT NULL,
    number_key   TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    date         TEXT NOT NULL,
    due_date     TEXT NOT NULL,
    currency     TEXT NOT NULL,
    net          INTEGER NOT NULL CHECK (net >= 0),
    tax          INTEGER NOT NULL CHECK (tax >= 0),
    total        INTEGER NOT NULL CHECK (total > 0 AND total = net + tax),
    order_number TEXT REFERENCES orders (number)
) STRICT;

-- Suppliers begin to count anew with the year.
CREATE UNIQUE INDEX supplier_invoices_by_number
    ON supplier_invoices (supplier, number_key, kind, substr(date, 1, 4));

CREATE INDEX supplier_invoices_by_total ON supplier_invoices (supplier, total, currency, date);

CREATE TABLE invoice_lines (
    entry        INTEGER NOT NULL REFERENCES supplier_invoices (entry),
    order_number TEXT NOT NULL,
    line         INTEGER NOT NULL,
    quantity     TEXT NOT NULL,
    PRIMARY KEY (entry, order_number, line),
    FOREIGN KEY (order_number, line) REFERENCES order_lines (order_number, line)
) STRICT;

CREATE INDEX invoice_lines_by_order ON invoice_lines (order_number, line);

CREATE TABLE credited_invoices (
    credit_note INTEGER NOT NULL REFERENCES supplier_invoices (entry),
    invoice     INTEGER NOT NULL REFERENCES supplier_invoices (entry),
    PRIMARY KEY (credit_note, invoice)
) STRICT, WITHOUT ROWID;

CREATE INDEX credited_invoices_by_invoice ON credited_invoices (invoice);

CREATE TABLE payments (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    key      TEXT NOT NULL UNIQUE,
    digest   TEXT NOT NULL,
    entry    INTEGER NOT NULL UNIQUE REFERENCES supplier_invoices (entry),
    iban     TEXT NOT NULL,
    amount   INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    date     TEXT NOT NULL
) STRICT;

-- Each table below refuses an INSERT over an existing row as well: INSERT OR REPLACE would otherwise delete
-- that row without firing a trigger for DELETE.

CREATE TRIGGER entry_begins_as_draft BEFORE INSERT ON journal_entries
WHEN NEW.posted_at IS NOT NULL OR EXISTS (SELECT 1 FROM journal_entries WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a journal entry begins as a new draft'); END;

CREATE TRIGGER entry_is_posted_in_balance BEFORE UPDATE ON journal_entries
WHEN OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL AND NOT (
    SELECT COALESCE(SUM(debit), 0) = COALESCE(SUM(credit), 0) AND COALESCE(SUM(debit), 0) > 0
    FROM journal_lines WHERE entry = OLD.id
)
BEGIN SELECT RAISE(ABORT, 'a journal entry is posted only when debit equals credit'); END;

CREATE TRIGGER posted_entry_is_final BEFORE UPDATE ON journal_entries
WHEN OLD.posted_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a posted journal entry is final'); END;

CREATE TRIGGER posted_entry_stays BEFORE DELETE ON journal_entries
WHEN OLD.posted_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a posted journal entry is final'); END;

CREATE TRIGGER posted_entry_takes_no_line BEFORE INSERT ON journal_lines
WHEN (SELECT posted_at FROM journal_entries WHERE id = NEW.entry) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a posted journal entry is final'); END;

CREATE TRIGGER line_is_changed_never BEFORE UPDATE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'a journal line is not changed'); END;

CREATE TRIGGER posted_line_stays BEFORE DELETE ON journal_lines
WHEN (SELECT posted_at FROM journal_entries WHERE id = OLD.entry) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a posted journal entry is final'); END;

CREATE TRIGGER invoice_replaces_nothing BEFORE INSERT ON supplier_invoices
WHEN EXISTS (
    SELECT 1 FROM supplier_invoices
    WHERE entry = NEW.entry OR key = NEW.key
       OR (supplier = NEW.supplier AND number_key = NEW.number_key AND kind = NEW.kind
           AND substr(date, 1, 4) = substr(NEW.date, 1, 4))
)
BEGIN SELECT RAISE(ABORT, 'this supplier invoice is booked already'); END;

CREATE TRIGGER invoice_is_final BEFORE UPDATE ON supplier_invoices
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER invoice_stays BEFORE DELETE ON supplier_invoices
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER invoice_line_replaces_nothing BEFORE INSERT ON invoice_lines
WHEN (
    SELECT posted_at FROM journal_entries WHERE id = NEW.entry
) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER invoice_line_is_final BEFORE UPDATE ON invoice_lines
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER invoice_line_stays BEFORE DELETE ON invoice_lines
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER credited_invoice_replaces_nothing BEFORE INSERT ON credited_invoices
WHEN (
    SELECT posted_at FROM journal_entries WHERE id = NEW.credit_note
) IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER credited_invoice_is_the_suppliers BEFORE INSERT ON credited_invoices
WHEN NOT EXISTS (
    SELECT 1 FROM supplier_invoices AS credit_note
    JOIN supplier_invoices AS invoice USING (supplier, currency)
    WHERE credit_note.entry = NEW.credit_note AND credit_note.kind = 'credit_note'
      AND invoice.entry = NEW.invoice AND invoice.kind = 'invoice'
)
BEGIN SELECT RAISE(ABORT, 'a credit note credits invoices of the same supplier and currency'); END;

CREATE TRIGGER credit_is_no_more_than_its_invoices BEFORE UPDATE ON journal_entries
WHEN OLD.posted_at IS NULL AND NEW.posted_at IS NOT NULL AND (
    SELECT SUM(total) FROM supplier_invoices WHERE entry IN (
        SELECT credit_note FROM credited_invoices WHERE invoice IN (
            SELECT invoice FROM credited_invoices WHERE credit_note = OLD.id
        )
    )
) > (
    SELECT SUM(total) FROM supplier_invoices WHERE entry IN (
        SELECT invoice FROM credited_invoices WHERE credit_note = OLD.id
    )
)
BEGIN SELECT RAISE(ABORT, 'no more is credited than the invoices come to'); END;

CREATE TRIGGER credited_invoice_is_final BEFORE UPDATE ON credited_invoices
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER credited_invoice_stays BEFORE DELETE ON credited_invoices
BEGIN SELECT RAISE(ABORT, 'a booked supplier invoice is final'); END;

CREATE TRIGGER payment_replaces_nothing BEFORE INSERT ON payments
WHEN EXISTS (SELECT 1 FROM payments WHERE id = NEW.id OR key = NEW.key OR entry = NEW.entry)
BEGIN SELECT RAISE(ABORT, 'this entry has its payment already'); END;

CREATE TRIGGER payment_is_for_an_invoice BEFORE INSERT ON payments
WHEN (SELECT kind FROM supplier_invoices WHERE entry = NEW.entry) IS NOT 'invoice'
BEGIN SELECT RAISE(ABORT, 'only an invoice is paid'); END;

CREATE TRIGGER payment_is_no_more_than_its_invoice BEFORE INSERT ON payments
WHEN NOT EXISTS (
    SELECT 1 FROM supplier_invoices
    WHERE entry = NEW.entry AND currency = NEW.currency AND total >= NEW.amount
)
BEGIN SELECT RAISE(ABORT, 'no more is paid than the invoice comes to'); END;

CREATE TRIGGER payment_is_final BEFORE UPDATE ON payments
BEGIN SELECT RAISE(ABORT, 'a scheduled payment is final'); END;

CREATE TRIGGER payment_stays BEFORE DELETE ON payments
BEGIN SELECT RAISE(ABORT, 'a scheduled payment is final'); END;
