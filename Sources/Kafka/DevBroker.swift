import CRDKafka
import Synchronization
import Vocabulary

/// The broker that librdkafka carries inside itself: for a first try and for tests, without Java.
///
/// It serves any process on this machine over TCP on 127.0.0.1, on a port the system picks (it cannot be told one). All is
/// in memory, and only the newest 5 MB a partition are kept: whoever feeds it must hold back by lag. A topic that it was not
/// told of gets 4 partitions when one is asked to create it. Groups, commits and idempotent producers work.
public final class DevBroker: Sendable {
  /// `127.0.0.1:port`, for other processes as well.
  public let bootstrap: String
  private let state: Mutex<State>

  private struct State: @unchecked Sendable {  // Used under the mutex only.
    var handle: KafkaHandle?
    var cluster: OpaquePointer
  }

  /// Starts listening.
  ///
  /// - Parameter topics: Names and partition counts.
  public init(topics: [String: Int32] = [:], observer: (@Sendable (KafkaNotice) -> Void)? = nil) throws {
    let handle = try KafkaHandle(
      .producer, KafkaConfiguration(brokers: "", clientID: "retrain-dev-broker", observer: observer))
    guard let cluster = rd_kafka_mock_cluster_new(handle.pointer, 1) else {
      handle.close()
      throw KafkaError(code: .localBroker, reason: "the development broker cannot listen on 127.0.0.1")
    }
    // From this version of the request on, a client says whether asking for a topic may create it.
    rd_kafka_mock_set_apiversion(cluster, 3, 0, 8)
    bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    state = Mutex(State(handle: handle, cluster: cluster))
    for (name, partitions) in topics { try createTopic(name, partitions: partitions) }
  }

  /// Makes a topic; one that exists is left as it is.
  public func createTopic(_ name: String, partitions: Int32) throws {
    let result = try withCluster { rd_kafka_mock_topic_create($0, name, partitions, 1) }
    guard result == RD_KAFKA_RESP_ERR_NO_ERROR || result == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS else {
      throw KafkaError(library: result, topic: name)
    }
  }

  /// Cuts all connections and refuses new ones, or listens again: a broker that is away for a while.
  public func setReachable(_ isReachable: Bool) throws {
    let result = try withCluster {
      isReachable ? rd_kafka_mock_broker_set_up($0, 1) : rd_kafka_mock_broker_set_down($0, 1)
    }
    if result != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(library: result) }
  }

  /// Ends the broker and forgets all records.
  public func close() {
    state.withLock { state in
      guard let handle = state.handle else { return }
      rd_kafka_mock_cluster_destroy(state.cluster)
      handle.close()
      state.handle = nil
    }
  }

  private func withCluster<Result>(_ body: (OpaquePointer) -> Result) throws -> Result {
    try state.withLock { state in
      guard state.handle != nil else { throw KafkaError(code: .closed, reason: "the development broker was closed") }
      return body(state.cluster)
    }
  }
}
