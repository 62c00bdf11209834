import CRDKafka
import Vocabulary

/// The cure for librdkafka before 2.3, which looks at a full queue again only after up to a second, however soon there is
/// room: a reader slower than the broker then runs dry, the more often the smaller the queue.
///
/// Any request wakes the thread of the broker it goes to, and an awake thread looks at its queues. So when a queue that was
/// nearly full has drained by a quarter, the offsets of its partitions are asked for and the answer is thrown away.
/// (confluentinc/librdkafka, `rd_kafka_broker_consumer_serve`; later versions have `fetch.queue.backoff.ms`.)
extension KafkaConsumer {
  /// Wakes the brokers of queues that have room again, if any; looks every few milliseconds at most.
  func refill() {
    guard needsRefills else { return }
    let now = ContinuousClock.now
    guard now >= nextRefill else { return }
    nextRefill = now.advanced(by: .milliseconds(5))
    var drained: [Int32: Int64] = [:]
    for queue in queues.values
    where queue.hasRoomAgain(bytesMax: bytesPerPartition, recordsMax: recordsPerPartition) || queue.isLate(at: now) {
      drained[queue.partition] = Int64(RD_KAFKA_OFFSET_END)
    }
    guard !drained.isEmpty else { return }
    let list = PartitionList(topic: topic, offsets: drained)
    // With no time to wait the request is sent and its answer dropped.
    _ = rd_kafka_offsets_for_times(handle.pointer, list.pointer, 0)
  }

  /// `rd_kafka_version()` of the first library that needs none of this.
  static let firstCuredVersion: Int32 = 0x0203_0000
}

extension PartitionQueue {
  /// Whether the queue was nearly full and a quarter of that is gone.
  fileprivate func hasRoomAgain(bytesMax: Int, recordsMax: Int) -> Bool {
    let waiting = Int(rd_kafka_queue_length(pointer))
    mostWaiting = max(mostWaiting, waiting)
    let wasNearlyFull =
      mostWaiting >= recordsMax / 2 || mostWaiting * Int(averageBytes) >= bytesMax / 2
    guard wasNearlyFull, waiting <= mostWaiting * 3 / 4 else { return false }
    mostWaiting = waiting
    return true
  }

  /// Whether a queue just assigned has given nothing yet: its partition may have come to a broker that slept already.
  /// Every 50 ms, for two seconds.
  fileprivate func isLate(at now: ContinuousClock.Instant) -> Bool {
    guard !hasGiven, now >= nextNudge, created.duration(to: now) < .seconds(2) else { return false }
    nextNudge = now.advanced(by: .milliseconds(50))
    return true
  }
}
