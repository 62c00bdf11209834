package import Foundation
package import Pipelines

/// An incident, and what one receiver was told of it.
package struct AlertEntry: Sendable, Hashable {
  package var incident: Int64
  package var kind: String
  package var severity: AlertSettings.Severity
  /// It goes on until it is closed, rather than having happened in a moment.
  package var isLasting: Bool
  package var openedAt: Date
  /// nil: it goes on, or happened in a moment.
  package var closedAt: Date?
  /// Whether the receiver was told that it began.
  package var wasTold: Bool

  package init(
    incident: Int64, kind: String, severity: AlertSettings.Severity, isLasting: Bool, openedAt: Date,
    closedAt: Date? = nil, wasTold: Bool = false
  ) {
    self.incident = incident
    self.kind = kind
    self.severity = severity
    self.isLasting = isLasting
    self.openedAt = openedAt
    self.closedAt = closedAt
    self.wasTold = wasTold
  }

  /// What happened in a moment fires for so long, as the rules of `deploy/prometheus` look back.
  package static let momentLasts: TimeInterval = 15 * 60

  /// When it was over, seen from `now`; nil: it goes on.
  package func end(at now: Date) -> Date? {
    if isLasting { return closedAt }
    let end = openedAt.addingTimeInterval(Self.momentLasts)
    return end <= now ? end : nil
  }

  /// Whether there is nothing to tell any more of what was not told: what lasted is over. What happened in a moment has
  /// happened all the same.
  var isMissed: Bool { !wasTold && isLasting && closedAt != nil }
}
