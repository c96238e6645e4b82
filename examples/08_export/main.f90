! Calls the exported layer from Fortran, whose dimensions are the reverse of C's.
program main
  use, intrinsic :: iso_c_binding
  use dense_layer_module
  implicit none
  integer, parameter :: rows = 60, columns = 100, depth = 80
  real(c_float) :: x(depth, rows), w(columns, depth), b(columns), y(columns, rows)
  real(c_float) :: wanted(columns, rows)
  type(c_ptr) :: layer
  integer :: i

  x = reshape([(real(mod(i * 7 + i / 11, 5) - 2, c_float), i = 0, rows * depth - 1)], shape(x))
  w = reshape([(real(mod(i * 7 + i / 11, 5) - 2, c_float), i = 0, depth * columns - 1)], shape(w))
  b = [(real(mod(i * 7 + i / 11, 5) - 2, c_float), i = 0, columns - 1)]
  wanted = max(matmul(w, x) + spread(b, 2, rows), 0.0)

  layer = dense_layer_bind(w)
  if (.not. c_associated(layer)) error stop 'no memory'
  if (dense_layer(layer, x, b, y) /= 0) error stop 'the call failed'
  call dense_layer_release(layer)
  if (any(y /= wanted)) error stop 'wrong elements'
  print '(a)', 'right'
end program
