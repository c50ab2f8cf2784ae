"""What makes a case durable: registry, queue, runner, ledger, take-over."""
