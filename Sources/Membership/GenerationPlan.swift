public import Vocabulary

/// Who belongs to a generation, and in which place.
public struct GenerationPlan: Sendable, Hashable, Codable {
  public let generation: Generation
  /// In rank order; at least one.
  public let members: [MemberFacts]

  public init(generation: Generation, members: [MemberFacts]) {
    precondition(!members.isEmpty, "a generation has at least one member")
    self.generation = generation
    self.members = members
  }

  public var worldSize: Int { members.count }

  /// The place of a member; nil where it has none.
  public func rank(of id: String) -> Rank? { members.firstIndex { $0.id == id }.map { Rank($0) } }
}
