/// What the server did by itself, without asking the handler: for counters. Told on any of its threads.
public enum HTTPEvent: Sendable, Hashable {
  /// A request was refused with this status.
  case refused(status: Int)
  /// A quiet connection was ended to make room for another.
  case evicted
}
