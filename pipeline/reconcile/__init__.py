"""Reconciliation: is everything that Kafka holds in ClickHouse, once, or refused with a reason?"""
