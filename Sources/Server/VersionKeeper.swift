import Learning
import Confinement
import Foundation
import Pipelines
import Registry
import Telemetry
import Vocabulary

/// Keeps the versions in play loaded, and puts in place what can answer.
///
/// What answers is decided from what is loaded already, before anything is loaded or read: a version that was rolled back is
/// out of the way as soon as the tables are seen to say so, also while another one is on its way into memory.
actor VersionKeeper {
  /// How many of the versions that were stable last are kept ready beside stable and canary.
  static let warmMax = 3

  private let loader: VersionLoader
  private let state: ServingState
  private let metrics: ServerMetrics
  private let page: StatusPage
  private let logger: Logger

  private var wanted = ServingVersions()
  private var memoryIsSound = true
  private var held: [Int64: HeldVersion] = [:]
  /// Versions that could not be loaded: they are not tried at every look, only when they come into another state.
  private var refused: [Int64: ServingVersion] = [:]

  init(
    pipeline: Pipeline, state: ServingState, metrics: ServerMetrics, page: StatusPage, logger: Logger,
    further: [any EncoderPlan] = []
  ) {
    loader = VersionLoader(pipeline: pipeline, further: further)
    self.state = state
    self.metrics = metrics
    self.page = page
    self.logger = logger
  }

  /// Takes up what the tables say, with what is in memory.
  ///
  /// - Returns: Whether something else is to be loaded.
  func follow(_ wanted: ServingVersions) -> Bool {
    if wanted != self.wanted {
      self.wanted = wanted
      held = held.filter { number, version in isWanted(number, version.facts.checkpoint) }
      refused = refused.filter { number, version in isWanted(number, version.checkpoint) }
      place()
    }
    return missing != nil
  }

  private func isWanted(_ number: Int64, _ checkpoint: Int64) -> Bool {
    wanted.all.contains { $0.number == number && $0.checkpoint == checkpoint }
  }

  /// The next to load.
  private var missing: ServingVersion? {
    wanted.all.first { held[$0.number] == nil && refused[$0.number] != $0 }
  }

  /// Loads what is missing, one after the other, and puts each in place as soon as it is there. One caller at a time.
  ///
  /// - Throws: What `source` throws where it cannot be reached; a version that cannot be served is logged and left out.
  func loadMissing(from source: any VersionSource) async throws {
    while let version = missing {
      let start = ContinuousClock.now
      do {
        let bytes = try await source.state(ofCheckpoint: version.checkpoint)
        let contract = try await source.contract(ofCheckpoint: version.checkpoint)
        let health = try await source.health(ofCheckpoint: version.checkpoint)
        let loaded: LoadedVersion
        do { loaded = try await loader.load(version.number, state: bytes, contract: contract) } catch {
          throw VersionError(description: String(describing: error))
        }
        // It answers by what is known by now, not by what was when its weights were saved.
        await followMemory(of: loaded, at: version.checkpoint, from: source)
        // What is in play may be another by now.
        guard isWanted(version.number, version.checkpoint) else { continue }
        held[version.number] = HeldVersion(facts: version, version: loaded, health: health)
        logger.notice(
          "a version was loaded",
          [
            .version: LogValue(version.number), .checkpoint: LogValue(version.checkpoint),
            .bytes: LogValue(bytes.count), .duration: LogValue(start.duration(to: .now).milliseconds()),
          ])
        place()
      } catch let error as VersionError {
        refuse(version, error)
      } catch let error as RegistryError where [.notFound, .damaged].contains(error.code) {
        refuse(version, error)
      }
    }
  }

  /// Whether anything that is loaded answers by what the stream says by key.
  var remembers: Bool { held.values.contains { $0.version.remembers } }

  /// Has every version that remembers read the newest memory of its lineage. One caller at a time, with `loadMissing`.
  func followMemory(from source: any VersionSource) async {
    for held in held.values { await followMemory(of: held.version, at: held.facts.checkpoint, from: source) }
  }

  /// What cannot be had or read is logged once, and the memory before goes on: its age says so.
  private func followMemory(
    of version: LoadedVersion, at checkpoint: Int64, from source: any VersionSource
  ) async {
    guard version.remembers else { return }
    do {
      let known = version.memory?.checkpoint
      guard let newer = try await source.newestMemory(alongside: checkpoint, after: known) else { return }
      // Off the cooperative pool: it may be large, and waits for those who answer.
      try await onDedicatedThread(named: "adopt memory") { try version.adopt(newer) }
      memoryIsSound = true
    } catch {
      guard memoryIsSound else { return }
      memoryIsSound = false
      logger.warning(
        "what the stream says by key cannot be followed; what was known goes on",
        [.version: LogValue(version.number), .error: LogValue(describing: error)])
    }
  }

  private func refuse(_ version: ServingVersion, _ error: any Error) {
    refused[version.number] = version
    let facts: [LogKey: LogValue] = [.version: LogValue(version.number), .error: LogValue(describing: error)]
    guard version.number == wanted.stable?.number else { return logger.warning("a version cannot be loaded", facts) }
    logger.error("the stable version cannot be served", facts)
  }

  private func place() {
    let before = state.versions
    let set = ServingSet(wanted, held: held, before: before)
    state.swap(to: set)
    page.update(health: set.stable?.health ?? [])
    metrics.version.set(set.stable?.facts.number ?? 0)
    metrics.canary.set(set.canary?.facts.number ?? 0)
    metrics.loaded.set(Int64(set.all.count))
    guard set.stable?.facts != before.stable?.facts else { return }
    if let stable = set.stable?.facts {
      metrics.swaps.increment()
      logger.notice(
        "a version was put in place",
        [.version: LogValue(stable.number), .checkpoint: LogValue(stable.checkpoint)])
    } else {
      logger.notice("there is no stable version any more")
    }
  }
}
