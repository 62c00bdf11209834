/// Where a model version stands.
///
///     candidate ─► validated ─► canary ─► stable ─► retired
///         │            │  └────────────────► ▲        │
///         │            │           │         └────────┘ (the way back of a rollback)
///         ▼            ▼           ▼         ▼
///      rejected     rejected   rolledBack  rolledBack
///
/// A stable version may be on watch (`VersionFacts.isConfirmed`): that it is confirmed is written down as a transition from
/// stable to stable, or from retired to retired where a newer one serves on watch already; that a canary gets a larger share as
/// one from canary to canary. A version that served (canary, stable) is rolled back; one that did not is rejected, and one that served on
/// watch, made room, and was found worse afterwards. A person may reject a canary as well. An undecided one
/// that a newer version overtook is retired: nothing is wrong with it, and nobody needs it. Only a person leads a version out of
/// `rejected` and `rolledBack`.
public enum VersionState: String, Sendable, Hashable, Codable, CaseIterable {
  case candidate, validated, canary, stable, retired, rejected
  case rolledBack = "rolled_back"

  /// The states the controller may lead a version into.
  public var next: Set<VersionState> {
    switch self {
    case .candidate: [.validated, .rejected, .retired]
    case .validated: [.canary, .stable, .rejected, .retired]
    case .canary: [.canary, .stable, .rolledBack, .retired]
    case .stable: [.stable, .retired, .rolledBack]
    case .retired: [.stable, .retired, .rejected]
    case .rejected, .rolledBack: []
    }
  }

  /// Whether the transition exists; a person may also make any version stable, and reject a canary.
  public func mayBecome(_ state: VersionState, byPerson: Bool) -> Bool {
    if next.contains(state) { return true }
    guard byPerson else { return false }
    return state == .stable ? self != .stable : self == .canary && state == .rejected
  }

  /// Whether nothing has been decided for good yet.
  public var isUndecided: Bool { self == .candidate || self == .validated }

  /// Whether requests may be answered by it.
  public var isServing: Bool { self == .stable || self == .canary }
}
