/// What a rank says beside its gradients; the flags of all ranks are united, so that all act on them in the same step.
package struct StepFlags: OptionSet, Sendable {
  package let rawValue: UInt32

  package init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The rank was asked to stop: everybody stops after this step, with a final checkpoint.
  package static let stop = StepFlags(rawValue: 1 << 0)
  /// Reproducible mode: the rank's shares are not full yet, so the step is void and tried again.
  package static let incomplete = StepFlags(rawValue: 1 << 1)
  /// The leader's checkpoint interval has passed: health is gathered in the next step and the state saved.
  package static let checkpointDue = StepFlags(rawValue: 1 << 2)
  /// The pipeline is paused: nobody takes records in the next step.
  package static let paused = StepFlags(rawValue: 1 << 3)
  /// Members wait to join: the generation ends after this step, its state stays in memory.
  package static let regroup = StepFlags(rawValue: 1 << 4)
  /// The rank has a partition with a full share: the group is catching up, so nobody lingers at quiet partitions.
  package static let backlog = StepFlags(rawValue: 1 << 5)
  /// The rank has partitions that are not drained to their end.
  package static let notAtEnd = StepFlags(rawValue: 1 << 6)
  /// The leader was told to end once every partition is drained.
  package static let stopsAtEnd = StepFlags(rawValue: 1 << 7)
  /// The leader was told to end with this step, if it has records.
  package static let lastStep = StepFlags(rawValue: 1 << 8)
  /// The leader was told to end with a step that lies behind.
  package static let limitReached = StepFlags(rawValue: 1 << 9)
  /// The rank has records of classes that the model does not know: they are named, and the step is tried again.
  package static let newClasses = StepFlags(rawValue: 1 << 10)
  /// The rank has something in hand, be it refusals alone: a whole step is worth it.
  package static let hasRecords = StepFlags(rawValue: 1 << 11)
  /// What the rank's records give is not finite.
  package static let notFinite = StepFlags(rawValue: 1 << 13)
  /// The rank's model gives no numbers even for records without values: the pipeline is halted.
  package static let damaged = StepFlags(rawValue: 1 << 12)
}
