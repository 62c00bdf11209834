import Alerts
import Foundation
import Pipelines
import Registry
import Synchronization
import Telemetry
import Vocabulary

/// Tells receivers of incidents, as long as this controller holds the lease: each in a task of its own, so that none waits for
/// another and no decision for any.
///
/// A message is sent once in the normal case. Where a process is killed after a receiver took one and before that was written
/// down, the next holder of the lease sends it again.
final class AlertCourier: Sendable {
  private let registry: Registry
  private let lease = Mutex<LeaseToken?>(nil)
  private let isStopRequested = Mutex(false)
  /// Receivers' tasks that have not ended.
  private let working: Mutex<Int>
  private let logger: Logger

  private static let interval = Duration.milliseconds(500)
  private static let patience = Duration.seconds(3)

  /// Connects, with a connection of its own, and begins to look.
  ///
  /// - Parameter own: The controller's, for what needs no connection of its own.
  /// - Returns: nil: the pipeline has no receivers.
  static func start(
    _ pipeline: Pipeline, pipelineID: Int64, database: DatabaseLocation, own: Registry, metrics: ControllerMetrics,
    logger: Logger
  ) async throws -> AlertCourier? {
    guard !pipeline.alerts.isEmpty else {
      // Nobody waits for those that an earlier file had.
      try await own.setAlertReceivers([], pipeline: pipelineID)
      return nil
    }
    let registry = try await Registry.open(
      at: database, applicationName: "retrain-controller (alerts)", deadline: .after(.seconds(30))
    ).within(patience)
    let courier = AlertCourier(registry: registry, receivers: pipeline.alerts.count, logger: logger)
    for settings in pipeline.alerts {
      let desk = AlertDesk(
        AlertReceiver(settings), pipeline: pipeline, pipelineID: pipelineID, registry: registry,
        deliveries: metrics.deliveries(to: settings.effectiveName),
        logger: logger.with([.receiver: LogValue(settings.effectiveName)]))
      Task { await courier.serve(desk) }
    }
    return courier
  }

  private init(registry: Registry, receivers: Int, logger: Logger) {
    self.registry = registry
    self.logger = logger
    working = Mutex(receivers)
  }

  /// Who holds the lease sends; nil: somebody else does.
  func hold(_ lease: LeaseToken?) { self.lease.withLock { $0 = lease } }

  func requestStop() { isStopRequested.withLock { $0 = true } }

  /// What waits for company goes now; then the connection is closed, whether all is told by the deadline or not.
  func finish(until deadline: Deadline) async {
    requestStop()
    while working.withLock({ $0 }) > 0, !deadline.hasPassed { try? await Task.sleep(for: .milliseconds(10)) }
    await registry.close()
  }

  private var mustStop: Bool { isStopRequested.withLock { $0 } }

  private func serve(_ desk: AlertDesk) async {
    var desk = desk
    var isLast = false
    var complaint: String?
    while !isLast {
      isLast = mustStop
      do {
        if let lease = lease.withLock({ $0 }) {
          try await desk.look(lease: lease, isLast: isLast) { [self] in mustStop }
        } else {
          desk.leave()
        }
        complaint = nil
      } catch let error as RegistryError where error.isRetryable || error.code == .fenced {
        // The controller says that the database is away, or who decides now; what is to be told waits in the tables.
      } catch {
        let text = String(describing: error)
        if complaint != text { logger.error("alerts cannot be looked for", [.error: LogValue(text)]) }
        complaint = text
      }
      if !isLast { try? await Task.sleep(for: Self.interval) }
    }
    working.withLock { $0 -= 1 }
  }
}
