public import Pipelines
public import Registry
public import Vocabulary

extension Pipeline {
  /// This pipeline as it goes on from what the registry has: what its file leaves open is as the newest checkpoint has it,
  /// or by today's defaults where nothing was learned yet.
  public func following(_ registry: Registry, _ pipeline: Int64, run: RunID = .live) async throws -> Pipeline {
    guard let newest = try await registry.newestCheckpoint(pipeline: pipeline, run: run) else { return self }
    let contract = try await registry.contract(ofCheckpoint: newest.id)
    return following(try contract.map { try DataContract(text: $0.text) })
  }
}
