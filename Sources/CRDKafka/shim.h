#pragma once
#include <stdint.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// What Swift cannot import: the variadic producer call and its macros.

/// Copies key and value and queues one message with a timestamp and headers.
/// `timestamp` 0 means now. On success the headers belong to the library; on an error they stay the caller's.
/// `tag` comes back with the delivery report.
static inline rd_kafka_resp_err_t retrain_kafka_produce(
    rd_kafka_t *handle, rd_kafka_topic_t *topic, int32_t partition, const void *key, size_t keyBytes,
    const void *value, size_t valueBytes, int64_t timestamp, intptr_t tag, rd_kafka_headers_t *headers) {
  if (headers)
    return rd_kafka_producev(
        handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((void *)key, keyBytes), RD_KAFKA_V_VALUE((void *)value, valueBytes),
        RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_OPAQUE((void *)tag), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  return rd_kafka_producev(
      handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY((void *)key, keyBytes), RD_KAFKA_V_VALUE((void *)value, valueBytes),
      RD_KAFKA_V_TIMESTAMP(timestamp), RD_KAFKA_V_OPAQUE((void *)tag), RD_KAFKA_V_END);
}

/// The plain call for the hot path: no headers, timestamp now; the delivery report brings `mark` back. Returns the error,
/// so that no thread-local is read later.
static inline rd_kafka_resp_err_t retrain_kafka_produce_plain(
    rd_kafka_topic_t *topic, int32_t partition, const void *key, size_t keyBytes, const void *value,
    size_t valueBytes, intptr_t mark) {
  if (rd_kafka_produce(
          topic, partition, RD_KAFKA_MSG_F_COPY, (void *)value, valueBytes, key, keyBytes, (void *)mark) == 0)
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  return rd_kafka_last_error();
}
