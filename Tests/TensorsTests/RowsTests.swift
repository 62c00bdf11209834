import Tensors
import Testing

@Suite("Rows of a matrix")
struct RowsTests {
  @Test("know their extent, whatever part of them is looked at")
  func extents() {
    let matrix = Matrix(5, 7)
    let part = matrix.rows.dropFirst(2).column(3)
    #expect(part.rows == 3)
    #expect(part.width == 4)
    #expect(part.stride == matrix.stride)
    #expect(part.pointer == matrix.storage.pointer + 2 * matrix.stride + 3)
    #expect(matrix.rows.dropFirst(5).rows == 0)
    #expect(matrix.rows.column(7).width == 0)
  }

  @Test("end the process where a kernel would go beyond them, with both shapes")
  func bounds() async {
    await #expect(processExitsWith: .failure) {
      let matrix = Matrix(4, 3)
      Kernels.active.add(rows: 5, units: 3, matrix.rows, to: matrix.rows)
    }
    await #expect(processExitsWith: .failure) {
      let (x, z) = (Matrix(4, 3), Matrix(4, 2))
      let weights = AlignedBuffer<Float>(count: 64)
      Kernels.active.denseForward(
        rows: 4, x: x.rows, weights: PackedMatrix(weights.pointer, inputs: 3, outputs: 16), bias: nil, z: z.rows)
    }
    await #expect(processExitsWith: .failure) { _ = Matrix(4, 3).rows.column(4) }
    await #expect(processExitsWith: .failure) { _ = Matrix(4, 3).rows.dropFirst(5) }
  }
}
