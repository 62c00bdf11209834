/// What a member of a model counts in the sum of all; they need not add up to 1.
public struct MemberWeight: Sendable, Hashable, Codable {
  public var member: String
  public var weight: Double

  public init(member: String, weight: Double) { (self.member, self.weight) = (member, weight) }
}
