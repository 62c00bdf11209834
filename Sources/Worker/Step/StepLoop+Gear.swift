package import Learning

extension StepLoop {
  /// What a rank learns with.
  package struct Gear {
    package var learner: any Model
    package var shares: StepShares
    package var account: StepAccount
    package var frozen: FrozenPredictions
    package var quarantine: Quarantine
    package var examples: FieldExamples
    package var sum: GroupSum
    package var meter: StepMeter
    package var sampler: RowSampler
    /// nil: versions are compared on all records alone.
    package var sliceBook: SliceBook?
    /// Told where a step that was made twice was not the same.
    package var tellDoubt: (String) -> Void

    package init(
      learner: any Model, shares: StepShares, account: StepAccount, frozen: FrozenPredictions, quarantine: Quarantine,
      examples: FieldExamples = FieldExamples(), sum: GroupSum, meter: StepMeter = StepMeter(), sampler: RowSampler,
      sliceBook: SliceBook? = nil,
      tellDoubt: @escaping (String) -> Void = { _ in }
    ) {
      (self.learner, self.shares, self.account, self.sum) = (learner, shares, account, sum)
      (self.frozen, self.quarantine, self.examples, self.meter) = (frozen, quarantine, examples, meter)
      (self.sampler, self.sliceBook, self.tellDoubt) = (sampler, sliceBook, tellDoubt)
    }
  }

  /// Where states go.
  package struct Saving {
    /// The step of the newest checkpoint; −1: there is none that matters.
    package var savedStep: Int64
    /// The step of the newest checkpoint that is written by now; asked of the leader, every step.
    package var durableStep: () -> Int64
    package var submit: (Snapshot) -> Void

    package init(
      savedStep: Int64 = -1, durableStep: @escaping () -> Int64 = { -1 }, submit: @escaping (Snapshot) -> Void
    ) {
      (self.savedStep, self.durableStep, self.submit) = (savedStep, durableStep, submit)
    }
  }
}
