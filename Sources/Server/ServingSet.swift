package import Foundation
package import Health
package import Registry

/// A version that is loaded, and what is known of it.
package struct HeldVersion: Sendable {
  let facts: ServingVersion
  let version: LoadedVersion
  let health: [LayerHealth]
  let loadedAt: Date
  var number: Int64 { facts.number }

  package init(facts: ServingVersion, version: LoadedVersion, health: [LayerHealth] = [], loadedAt: Date = Date()) {
    self.facts = facts
    self.version = version
    self.health = health
    self.loadedAt = loadedAt
  }
}

/// The versions that can answer at a moment. It never changes: another takes its place, and requests that have begun finish
/// on the one they began with.
package final class ServingSet: Sendable {
  /// What answers, unless somebody else is asked for; nil: nothing does.
  let stable: HeldVersion?
  let canary: HeldVersion?
  /// The part of the requests that is the canary's, 0 … 1.
  let canaryShare: Double
  /// Ready to answer when they are asked for by number, or become stable again.
  let warm: [HeldVersion]

  /// None.
  package init() { (stable, canary, canaryShare, warm) = (nil, nil, 0, []) }

  /// What can be made of the versions that are loaded, without waiting for any.
  ///
  /// While the stable version is not loaded, the one before answers in its place if the tables still hold it to be sound;
  /// else the last of the loaded ones that were stable. What was rolled back is in no such set.
  ///
  /// - Parameters:
  ///   - held: By number.
  ///   - before: What answers now.
  package init(_ wanted: ServingVersions, held: [Int64: HeldVersion], before: ServingSet) {
    func find(_ facts: ServingVersion?) -> HeldVersion? {
      guard let facts, let found = held[facts.number], found.facts.checkpoint == facts.checkpoint else { return nil }
      return HeldVersion(facts: facts, version: found.version, health: found.health, loadedAt: found.loadedAt)
    }
    let warm = wanted.warm.compactMap(find)
    let standIn = warm.first { $0.number == before.stable?.number } ?? warm.first
    let stable = wanted.stable == nil ? nil : find(wanted.stable) ?? standIn
    self.stable = stable
    // Without a stable version there is no traffic to have a part of.
    canary = stable == nil ? nil : find(wanted.canary)
    canaryShare = wanted.canaryShare
    self.warm = stable == nil ? [] : warm.filter { $0.number != stable?.number }
  }

  var all: [HeldVersion] { [stable, canary].compactMap { $0 } + warm }

  /// The loaded version of that number, as it is written in a path.
  ///
  /// - Throws: `APIError` 404 that says which there are.
  func version(numbered text: String, of model: String) throws -> HeldVersion {
    if let found = all.first(where: { text == String($0.number) }) { return found }
    let loaded = [stable.map { "\($0.number) (stable)" }, canary.map { "\($0.number) (canary)" }]
    let names = loaded.compactMap { $0 } + warm.map { String($0.number) }
    throw APIError.notFound(
      "version \(APIError.quote(text)) of “\(model)” is not loaded; "
        + (names.isEmpty ? "none is" : "\(names.joined(separator: ", ")) \(names.count == 1 ? "is" : "are")"))
  }
}
