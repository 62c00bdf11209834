import Foundation
import Vocabulary

/// A queue between threads with a bound: a full one holds its producer back, a closed one lets its consumer finish.
public final class BoundedChannel<Element: Sendable>: @unchecked Sendable {  // `condition` guards all mutable state.
  private let condition = NSCondition()
  private var elements: [Element] = []
  private var isClosed = false
  public let capacity: Int

  public init(capacity: Int) {
    precondition(capacity > 0, "a channel holds at least one element, not \(capacity)")
    self.capacity = capacity
  }

  /// Puts `element` at the end; false when the channel was closed or the deadline passed first.
  public func send(_ element: Element, until deadline: Deadline) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    while elements.count >= capacity, !isClosed {
      if deadline.hasPassed { return false }
      _ = condition.wait(until: Date(timeIntervalSinceNow: deadline.remaining.seconds))
    }
    if isClosed { return false }
    elements.append(element)
    condition.broadcast()
    return true
  }

  /// Puts `element` in, throwing the oldest away when full: newest wins. Returns what was thrown away.
  @discardableResult
  public func sendReplacingOldest(_ element: Element) -> Element? {
    condition.lock()
    defer { condition.unlock() }
    guard !isClosed else { return element }
    let dropped = elements.count >= capacity ? elements.removeFirst() : nil
    elements.append(element)
    condition.broadcast()
    return dropped
  }

  /// Takes the first element; nil when closed and empty, or when the deadline passed first.
  public func receive(until deadline: Deadline) -> Element? {
    condition.lock()
    defer { condition.unlock() }
    while elements.isEmpty {
      if isClosed || deadline.hasPassed { return nil }
      _ = condition.wait(until: Date(timeIntervalSinceNow: deadline.remaining.seconds))
    }
    let element = elements.removeFirst()
    condition.broadcast()
    return element
  }

  /// Lets consumers drain what is there and then see the end; producers are refused from now on.
  public func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }

  /// Whether `close()` was called and everything was taken.
  public var isFinished: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isClosed && elements.isEmpty
  }
}
