package import Vocabulary

/// What a rank knows before the first step of a generation.
package struct Standing: Sendable, Hashable {
  /// The step of the state in this rank's memory; −1: none.
  package var held: Int64
  /// Classes that were found in it. A step that finds some counts no step, and a rank that was lost in it may have reached
  /// only some of the others: of two such states the one with more classes goes on, which begins with all of the other's.
  package var classes: Int64
  /// The step of the newest checkpoint; −1: none. Only the leader looks.
  package var saved: Int64

  package init(held: Int64 = -1, classes: Int64 = 0, saved: Int64 = -1) {
    (self.held, self.classes, self.saved) = (held, classes, saved)
  }

  /// Who has the newest state in memory.
  ///
  /// - Parameter standings: By rank.
  /// - Returns: nil: the checkpoint is newer than all.
  package static func source(_ standings: [Standing]) -> Rank? {
    guard let newest = standings.map(\.age).max(by: { $0 < $1 }), newest.0 >= 0, newest.0 >= standings[0].saved else {
      return nil
    }
    return standings.firstIndex { $0.age == newest }.map { Rank($0) }
  }

  /// Whether all have the same state in memory.
  package static func agree(_ standings: [Standing]) -> Bool {
    standings.allSatisfy { $0.age == standings[0].age }
  }

  private var age: (Int64, Int64) { (held, classes) }
}
