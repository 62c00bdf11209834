import Confinement
import HTTP
import Synchronization
import Telemetry
import Vocabulary

/// Where a role answers those who watch it, from before it has anything to say until after it has ended.
final class RoleDoor: Sendable {
  let metrics = MetricsRegistry()
  private let door: ObservationDoor?
  private let asked: Asked

  /// - Parameter address: nil: it answers nowhere.
  /// - Throws: `HTTPError` when the address cannot be listened on.
  init(_ address: HostPort?) throws {
    // The door answers from its first moment on, so it asks for what is not there yet.
    let (metrics, asked) = (metrics, Asked())
    door = try address.map { address in
      try ObservationDoor(address, metrics: { metrics.prometheusText() }, isReady: { asked.isReady })
    }
    self.asked = asked
  }

  /// Who is asked, once there is somebody.
  private final class Asked: Sendable {
    private let who = Mutex<(@Sendable () -> Bool)?>(nil)
    var isReady: Bool { who.withLock { $0 }?() ?? false }
    func set(_ body: @escaping @Sendable () -> Bool) { who.withLock { $0 = body } }
  }

  /// Where others reach it; nil: nowhere.
  var address: HostPort? { door.map { MachineAddress.reachable($0.address) } }

  /// From now on `body` says whether the role does its work.
  func ask(_ body: @escaping @Sendable () -> Bool) { asked.set(body) }

  func close() async {
    guard let door else { return }
    // Blocks for as long as answers in flight take.
    try? await onDedicatedThread(named: "stop http") { door.close() }
  }
}
