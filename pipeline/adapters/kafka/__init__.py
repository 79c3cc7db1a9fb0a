"""Kafka by way of aiokafka: how to connect, topics and their state."""
