package import Learning

/// Ranks held different states, and nobody could say which was right. Where steps have the same bits whoever makes them, it shows
/// once the step was made again from what all had agreed on: who held something else where they differed was wrong.
package struct Suspicion: Sendable {
  /// After which they differed.
  package let step: Int64
  private let looks: [StateLook]

  /// - Returns: nil where it is known who was wrong, or not what was held.
  package init?(_ divergence: ReplicaDivergence) {
    guard divergence.looks.count > 1 else { return nil }
    (step, looks) = (divergence.step, divergence.looks)
  }

  /// Who was wrong; nil: nobody held what was made, so that they had learned from each other's damage.
  ///
  /// - Parameter blocks: Of the step, made again.
  package func wrong(_ blocks: StateBlocks) -> [Int]? {
    guard looks.allSatisfy({ $0.blocks.count == blocks.digests.count }) else { return nil }
    let different = blocks.digests.indices.filter { block in
      looks.contains { $0.blocks[block] != looks[0].blocks[block] }
    }
    let right = looks.indices.filter { rank in
      different.allSatisfy { looks[rank].blocks[$0] == blocks.digests[$0] }
    }
    return right.isEmpty || right.count == looks.count ? nil : looks.indices.filter { !right.contains($0) }
  }
}

extension StepLoop {
  /// From now on looks for the step that ranks held different states of.
  ///
  /// - Parameter tell: Called once, with who was wrong, when the group comes to it.
  package func suspect(_ suspicion: Suspicion, tell: @escaping ([Int]?) -> Void) {
    suspects = (suspicion, tell)
    checkSuspects()
  }

  func checkSuspects() {
    guard let (suspicion, tell) = suspects, state.step >= suspicion.step else { return }
    suspects = nil
    tell(state.step == suspicion.step ? suspicion.wrong(learner.digestState()) : nil)
  }
}
