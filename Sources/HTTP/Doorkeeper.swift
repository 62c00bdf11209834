import Confinement
import Foundation
import Synchronization
import Vocabulary

/// Knows who is in, ends what takes too long, and makes room for newcomers: however many slow clients hold the door, one
/// more gets in. Any thread; a thread of its own looks through the connections while there are any.
final class Doorkeeper: Sendable {
  /// Connections beyond the limit for as long as everybody inside is being answered.
  static let reserve = 64

  private let limits: HTTPLimits
  private let tell: @Sendable (HTTPEvent) -> Void
  private let eachLook: @Sendable () -> Void
  private let visitors = Mutex<[ObjectIdentifier: Visitor]>([:])
  private let isOver = Atomic<Bool>(false)
  private let wake = Signal()
  private let hasEnded = Signal()

  /// - Parameter eachLook: Called whenever the connections are looked through.
  init(
    limits: HTTPLimits, tell: @escaping @Sendable (HTTPEvent) -> Void, eachLook: @escaping @Sendable () -> Void
  ) {
    self.limits = limits
    self.tell = tell
    self.eachLook = eachLook
  }

  func start() {
    let thread = Thread { [self] in
      while !isOver.load(ordering: .acquiring) {
        let isEmpty = visitors.withLock { $0.isEmpty }
        _ = wake.wait(until: .after(isEmpty ? .seconds(3600) : limits.tick))
        sweep()
        eachLook()
      }
      hasEnded.raise()
    }
    thread.name = "http door"
    thread.stackSize = 256 << 10
    thread.start()
  }

  /// Ends the thread; the connections are the library's to close.
  func stop() {
    isOver.store(true, ordering: .releasing)
    wake.raise()
    _ = hasEnded.wait(until: .after(.seconds(10)))
  }

  func admit(_ visitor: Visitor) {
    let count = visitors.withLock {
      $0[ObjectIdentifier(visitor)] = visitor
      return $0.count
    }
    if count == 1 { wake.raise() }
    if count > limits.connectionsMax { makeRoom(count, for: visitor) }
  }

  func leave(_ visitor: Visitor) {
    visitor.leave()
    visitors.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(visitor)) }
  }

  private var everybody: [Visitor] { visitors.withLock { Array($0.values) } }

  /// Of the address with the most connections, the one that was quiet for longest leaves. Those being answered stay.
  private func makeRoom(_ count: Int, for newcomer: Visitor) {
    var quiet: [UInt64: [(visitor: Visitor, stay: Visitor.Stay)]] = [:]
    var inside = 0
    for visitor in everybody {
      let stay = visitor.current
      guard !stay.isEnded else { continue }
      inside += 1
      guard visitor !== newcomer, stay.phase == .waiting || stay.phase == .receiving else { continue }
      quiet[visitor.origin, default: []].append((visitor, stay))
    }
    // Some were told to go and have not gone yet.
    guard inside > limits.connectionsMax else { return }
    let crowd = quiet.values.max { $0.count < $1.count } ?? []
    if let oldest = crowd.min(by: { $0.stay.since < $1.stay.since }) {
      if oldest.visitor.end(ifStill: oldest.stay) { tell(.evicted) }
    } else if inside > limits.connectionsMax + Self.reserve {
      newcomer.end(ifStill: newcomer.current)
      tell(.evicted)
    }
  }

  private func sweep() {
    let now = ContinuousClock.now
    for visitor in everybody {
      let stay = visitor.current
      let age = stay.since.duration(to: now)
      switch stay.phase {
      case .waiting where !stay.hasAsked && age > limits.headTimeout: refuse(visitor, stay, limits.headTimeout)
      // Whoever drips bytes of a second head is idle all the same.
      case .waiting where stay.hasAsked && age > limits.idleTimeout: visitor.end(ifStill: stay)
      case .receiving where age > limits.requestTimeout: refuse(visitor, stay, limits.requestTimeout)
      case .answering where age > limits.requestTimeout: visitor.end(ifStill: stay)
      default: break
      }
    }
  }

  private func refuse(_ visitor: Visitor, _ stay: Visitor.Stay, _ timeout: Duration) {
    let refusal = HTTPRefusal.late(timeout)
    if visitor.end(ifStill: stay, saying: refusal.wire) { tell(.refused(status: refusal.status)) }
  }
}
