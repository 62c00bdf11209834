import Cryptography
import Evaluation
import Foundation
import Health
import Postgres
import Vocabulary

/// A saved checkpoint: everything but its state and its layers' health.
public struct CheckpointRecord: Sendable, Hashable, Codable {
  public let id: Int64
  public let pipeline: Int64
  public let generation: Generation
  public let parent: Int64?
  public let step: Int64
  public let stateBytes: Int64
  /// SHA-256 of the state, in hexadecimal.
  public let stateDigest: String
  /// False once its state was pruned.
  public let hasState: Bool
  public let parametersDigest: String
  public let nonFiniteParameter: String?
  public let isFinal: Bool
  public let createdAt: Date
  /// Over the lineage.
  public let metrics: StreamMetrics
  /// Since the parent.
  public let window: StreamMetrics
  public let comparison: PairedDifference?
  public let comparedWith: Int64?
  /// nil: an older program wrote it, or one so new that this one cannot read it.
  public let fields: FieldReport?
  /// The losses of the heads beyond the first; none where there are none, or an older program wrote it.
  public let heads: [HeadLoss]
  /// From the first record since the parent to the last; nil: not known.
  public let seconds: Double?
  /// Of the contract that it was learned under; nil: it is older than contracts.
  public let contract: Int64?
  /// Which model of the pipeline it is of: one more each time that it began anew.
  public let lineage: Int
  /// By partition.
  public internal(set) var progress: [PartitionProgress] = []
  public internal(set) var rejected: [RejectReason: Int64] = [:]

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    pipeline = try row.value("pipeline_id")
    generation = Generation(try row.value("generation"))
    parent = try row.optional("parent_id")
    step = try row.value("step")
    stateBytes = try row.value("state_bytes")
    stateDigest = try (row.value("state_sha256") as [UInt8]).hexadecimal
    hasState = try row.value("has_state")
    parametersDigest = try row.value("parameters_digest")
    nonFiniteParameter = try row.optional("non_finite_parameter")
    isFinal = try row.value("is_final")
    createdAt = try row.value("created_at")
    let number = id
    func decode<Value>(_ column: String, _ decoder: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
      try row.withBytes(column) { bytes in
        do { return try decoder(bytes) } catch {
          throw RegistryError(.damaged, "\(column) of checkpoint \(number) cannot be read")
        }
      }
    }
    metrics = try decode("metrics") { try StreamMetrics(decoding: $0) }
    window = try decode("window_metrics") { try StreamMetrics(decoding: $0) }
    let hasComparison = try (row.optional("comparison") as [UInt8]?) != nil
    comparison = hasComparison ? try decode("comparison") { try PairedDifference(decoding: $0) } : nil
    comparedWith = try row.optional("compared_with")
    fields = try (row.optional("fields") as String?).flatMap { try? decodeJSON(FieldReport.self, from: $0) }
    heads = try (row.optional("heads") as String?).flatMap { try? decodeJSON([HeadLoss].self, from: $0) } ?? []
    seconds = try row.optional("seconds")
    contract = try row.optional("contract_id")
    lineage = try row.value("lineage")
  }
}
