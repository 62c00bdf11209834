import Synchronization

/// The memory that bodies and answers may take, over all connections. Any thread.
final class BodyBudget: Sendable {
  let bytesMax: Int
  private let used = Atomic<Int>(0)

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// - Returns: false: there is no room, and nothing was taken.
  func take(_ bytes: Int) -> Bool {
    if used.add(bytes, ordering: .relaxed).newValue <= bytesMax { return true }
    used.subtract(bytes, ordering: .relaxed)
    return false
  }

  func give(_ bytes: Int) { used.subtract(bytes, ordering: .relaxed) }
}
