import Collectives
import Confinement
import Foundation
import Membership
import Pipelines
import Registry
import Testing
import Vocabulary
import Worker

@Suite("Encryption of a group", .serialized)
struct GroupEncryptionTests {
  /// Joins the group of a worker as a member of its own, and makes a link with it.
  ///
  /// - Returns: Why there is none; nil: there is one.
  private static func link(with rig: ServiceRig, _ encryption: LinkEncryption) async throws -> CollectiveError.Code? {
    let record = try await rig.register(workers: 2, until: nil)
    let worker = rig.worker("a")
    async let outcome = worker.run()
    let listener = try CollectiveListener()
    let facts = MemberFacts(
      id: "b", address: listener.address, heldStep: nil, joinedAt: .now, lastSeen: .now,
      work: ContractRecord.fingerprint(of: rig.pipeline.workText))
    var formed: GenerationRecord?
    let deadline = Deadline.after(.seconds(30))
    while formed == nil, !deadline.hasPassed {
      try await rig.registry.join(pipeline: record.id, facts)
      _ = try await rig.registry.formGeneration(pipeline: record.id, desired: 2, grace: .seconds(20))
      formed = try await rig.registry.generation(pipeline: record.id, containing: "b", after: nil)
    }
    let generation = try #require(formed)
    let rank = try #require(generation.members.firstIndex { $0.id == "b" })
    #expect(generation.members.map(\.id).sorted() == ["a", "b"])
    let code = try await onDedicatedThread(named: "b") { () -> CollectiveError.Code? in
      do {
        try listener.form(
          generation: generation.generation, rank: Rank(rank), members: generation.members.map(\.address),
          secret: generation.secret, deadline: .after(.seconds(20)), encryption: encryption
        ).close()
        return nil
      } catch let error as CollectiveError {
        return error.code
      }
    }
    worker.requestStop()
    _ = try await outcome
    return code
  }

  @Test("a worker ciphers its links as its pipeline says", arguments: [GroupSettings.Encryption.none, .tls])
  func setting(encryption: GroupSettings.Encryption) async throws {
    for other in LinkEncryption.allCases {
      let rig = try await ServiceRig.make(records: 10) { $0.group.encryption = encryption }
      let code = try await Self.link(with: rig, other)
      #expect(code == (other.rawValue == encryption.rawValue ? nil : .refused))
      await rig.close()
    }
  }
}
