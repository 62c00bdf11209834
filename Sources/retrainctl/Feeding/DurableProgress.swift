import Registry
import Vocabulary

/// The offsets of a pipeline's newest checkpoint, for a feed to a broker that forgets.
actor DurableProgress {
  private let pipeline: String
  private var access: RegistryAccess?
  private var openAgain = ContinuousClock.now
  private var isClosed = false

  init(pipeline: String) { self.pipeline = pipeline }

  /// Nil: there is no database, no such pipeline, or no checkpoint yet.
  func offsets() async -> [Int32: Int64]? {
    guard !isClosed, let access = await opened() else { return nil }
    let registry = access.registry.within(.seconds(5))
    guard let record = try? await registry.pipeline(named: pipeline),
      let checkpoint = try? await registry.newestCheckpoint(pipeline: record.id)
    else { return nil }
    return Dictionary(checkpoint.progress.map { ($0.partition, $0.nextOffset) }) { first, _ in first }
  }

  /// A database that is not there yet is looked for again.
  private func opened() async -> RegistryAccess? {
    if access == nil, openAgain <= .now, DatabaseAccess.canEnter {
      openAgain = .now.advanced(by: .seconds(2))
      access = try? await RegistryAccess.open(for: "feed")
    }
    return access
  }

  func close() async {
    isClosed = true
    try? await access?.close()
    access = nil
  }
}
