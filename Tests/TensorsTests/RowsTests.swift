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
}
