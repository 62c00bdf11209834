import Cryptography
import Evaluation
public import Foundation
import Health
import Postgres
public import Vocabulary

/// A saved checkpoint: everything but its state, its memory and its layers' health.
@dynamicMemberLookup
public struct CheckpointRecord: Sendable, Hashable {
  public let id: Int64
  public let pipeline: Int64
  public let generation: Generation
  public let parent: Int64?
  public let stateBytes: Int64
  /// SHA-256 of the state, in hexadecimal.
  public let stateDigest: String
  /// False once its state was pruned.
  public let hasState: Bool
  public let createdAt: Date
  /// Of the contract that it was learned under; nil: it is older than contracts.
  public let contract: Int64?
  /// Which model of the pipeline it is of: one more each time that it began anew.
  public let lineage: Int
  /// Which of the pipeline's runs learned it.
  public let run: RunID
  /// Whose state it is, as the first of a lineage that goes on from there; nil: it was learned.
  public let copyOf: Int64?
  public internal(set) var checkpoint: Checkpoint

  public subscript<Value>(dynamicMember fact: KeyPath<Checkpoint, Value>) -> Value { checkpoint[keyPath: fact] }

  /// Of the table, what a record is made of: a state is read with its digest, and so is a memory.
  static let columns = """
    id, pipeline_id, generation, parent_id, step, state_bytes, state_sha256, has_state, created_at, contract_id, lineage, run, copy_of,
    metrics, window_metrics, comparison, compared_with, fields, loss_watch, stable_watch, frozen_scores, heads, seconds, layer_costs, is_final, parameters_digest,
    non_finite_parameter, ends_short, sick_in_row
    """

  /// - Parameter row: Of the table; progress and rejections stand in tables of their own.
  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    pipeline = try row.value("pipeline_id")
    generation = Generation(try row.value("generation"))
    parent = try row.optional("parent_id")
    stateBytes = try row.value("state_bytes")
    stateDigest = try (row.value("state_sha256") as [UInt8]).hexadecimal
    hasState = try row.value("has_state")
    createdAt = try row.value("created_at")
    contract = try row.optional("contract_id")
    lineage = try row.value("lineage")
    run = RunID(rawValue: try row.value("run"))
    copyOf = try row.optional("copy_of")
    checkpoint = try Checkpoint(row, of: id)
  }
}

extension Checkpoint {
  /// - Throws: `RegistryError.damaged` for bytes that cannot be read.
  fileprivate init(_ row: PostgresRow, of number: Int64) throws {
    func decode<Value>(_ column: String, _ decoder: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
      unsafe try row.withBytes(column) { bytes in
        do { return unsafe try decoder(bytes) } catch {
          throw RegistryError(.damaged, "\(column) of checkpoint \(number) cannot be read")
        }
      }
    }
    let hasComparison = try (row.optional("comparison") as [UInt8]?) != nil
    let hasCosts = try (row.optional("layer_costs") as [UInt8]?) != nil
    unsafe self.init(
      step: try row.value("step"), progress: [],
      metrics: try decode("metrics") { unsafe try StreamMetrics(decoding: $0) },
      window: try decode("window_metrics") { unsafe try StreamMetrics(decoding: $0) },
      comparison: hasComparison ? try decode("comparison") { unsafe try PairedDifference(decoding: $0) } : nil,
      comparedWith: try row.optional("compared_with"),
      fields: try (row.optional("fields") as String?).flatMap { try? decodeJSON(FieldReport.self, from: $0) },
      lossWatch: try Self.watch(row, "loss_watch"), stableWatch: try Self.watch(row, "stable_watch"),
      heads: try (row.optional("heads") as String?).flatMap { try? decodeJSON([HeadLoss].self, from: $0) } ?? [],
      seconds: try row.optional("seconds"), isFinal: try row.value("is_final"),
      parametersDigest: try row.value("parameters_digest"),
      nonFiniteParameter: try row.optional("non_finite_parameter"))
    frozen = try (row.optional("frozen_scores") as String?).flatMap { try? decodeJSON(FrozenScores.self, from: $0) }
    endsShort = try row.optional("ends_short")
    sickInRow = try row.value("sick_in_row")
    // Of a newer program they cannot be read, and nothing hangs on them.
    if hasCosts { costs = unsafe (try? decode("layer_costs") { unsafe try [LayerCost].decode(from: $0) }) ?? [] }
  }

  /// nil: an older program wrote it, or one so new that this one cannot read it.
  private static func watch(_ row: PostgresRow, _ column: String) throws -> LossWatch? {
    try (row.optional(column) as String?).flatMap { try? decodeJSON(LossWatch.self, from: $0) }
  }
}
