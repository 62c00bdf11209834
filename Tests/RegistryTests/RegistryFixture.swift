import Evaluation
import Foundation
import Health
import Membership
import Postgres
import Registry
import TestKit
import Testing
import Vocabulary

/// A migrated database with one pipeline in it.
struct RegistryFixture {
  let database: TestDatabase
  let registry: Registry
  let pipeline: Int64

  static func make() async throws -> RegistryFixture {
    let database = try TestDatabase.fresh()
    let registry = try await Registry.open(
      uri: database.uri, applicationName: "retrain tests", deadline: .after(.seconds(20)))
    try await registry.migrate()
    let record = try await registry.register(
      pipeline: "flights", specification: "name: flights", desiredWorkers: 2, until: nil)
    return RegistryFixture(database: database, registry: registry, pipeline: record.id)
  }

  /// Another process: the same database over connections of its own.
  func anotherRegistry() async throws -> Registry {
    try await Registry.open(uri: database.uri, applicationName: "another", deadline: .after(.seconds(20)))
  }

  func member(_ id: String, heldStep: Int64? = nil) -> MemberFacts {
    MemberFacts(id: id, address: "127.0.0.1:1", heldStep: heldStep, joinedAt: .distantPast, lastSeen: .distantPast)
  }

  /// The members come to the rendezvous, and the generation of all of them forms.
  @discardableResult
  func form(_ ids: String...) async throws -> GenerationRecord {
    for id in ids { try await registry.join(pipeline: pipeline, member(id)) }
    return try #require(
      try await registry.formGeneration(pipeline: pipeline, desired: ids.count, grace: .zero))
  }

  func draft(
    _ generation: Generation, step: Int64, parent: Int64? = nil, state: [UInt8] = [1, 2, 3],
    progress: [PartitionProgress] = [], rejected: [RejectReason: Int64] = [:]
  ) -> CheckpointDraft {
    let metrics = StreamMetrics(task: .binary)
    return CheckpointDraft(
      pipeline: pipeline, generation: generation, parent: parent,
      Checkpoint(
        step: step, progress: progress, rejected: rejected, metrics: metrics, window: metrics, parametersDigest: "00"),
      state: state)
  }

  /// Saves checkpoints that each advance partition 0 by `records`, all of them trained, with a ledger of one range a step.
  func saveLineage(of count: Int, records: Int64 = 10) async throws -> [Int64] {
    let generation = try await form("a").generation
    var ids: [Int64] = []
    for link in 1...Int64(count) {
      let next = 100 + link * records
      var draft = draft(
        generation, step: link, parent: ids.last,
        progress: [
          PartitionProgress(
            partition: 0, startOffset: 100, nextOffset: next, trained: link * (records - 1), rejected: link)
        ], rejected: [.labelAbsent: link])
      draft.ledger = [
        StepRange(step: link, partition: 0, from: next - records, next: next, trained: records - 1, rejected: 1)
      ]
      draft.ledgerFrom = link
      ids.append(try await registry.saveCheckpoint(draft))
    }
    return ids
  }
}

/// The code of the `RegistryError` that `body` throws; nil when it throws none.
func code(_ body: () async throws -> Void) async -> RegistryError.Code? {
  do {
    try await body()
    return nil
  } catch { return (error as? RegistryError)?.code }
}
