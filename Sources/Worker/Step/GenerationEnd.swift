/// Why a generation ended in agreement.
package enum GenerationEnd: Sendable, Equatable {
  /// What the run was asked for is done: every partition is at its end, or the step limit is reached.
  case finished
  /// Somebody asked for a stop.
  case stopped
  /// Members wait to join.
  case regroup
  /// Learning cannot go on.
  case halted(String)
}

/// A newer generation has taken over while this rank was away.
package struct GenerationFenced: Error {}
