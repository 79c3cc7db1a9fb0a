/* Whole numbers in as little memory as they need, and what digests do with them.
 *
 * A number in a tuple takes 8 bytes there and mostly 32 of its own, and the detector keeps millions
 * of them, under overload most of its memory: in an array each takes 1 to 8. Python's own arrays
 * take numbers one by one through a parser of arguments, which costs more than all the rest here.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#include "pipeline/windows/whole_numbers.h"

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */

/* Take the numbers of a list, a tuple or an array into memory of their own; NULL with an error set
 * where they are none. */
static uint64_t *
taken(PyObject *numbers, Py_ssize_t *count)
{
    const int is_array = !PyList_Check(numbers) && !PyTuple_Check(numbers);
    Py_buffer view;
    if (is_array && view_of(numbers, &view) < 0) {
        return NULL;
    }
    *count = is_array ? view.shape[0] : PySequence_Fast_GET_SIZE(numbers);
    uint64_t *result = PyMem_New(uint64_t, (size_t)*count + 1);
    if (result == NULL) {
        PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; result != NULL && i < *count; i++) {
        if (is_array) {
            result[i] = number_at(&view, i);
            continue;
        }
        PyObject *number = PySequence_Fast_GET_ITEM(numbers, i);
        if (PyLong_Check(number)) {
            result[i] = PyLong_AsUnsignedLongLong(number);
        }
        else {
            PyErr_SetString(PyExc_TypeError, "not a whole number");
            result[i] = UINT64_MAX;
        }
        if (result[i] == UINT64_MAX && PyErr_Occurred()) {
            PyMem_Free(result);
            result = NULL;
        }
    }
    if (is_array) {
        PyBuffer_Release(&view);
    }
    return result;
}

/* Return numbers as an array, and free them. */
static PyObject *
handed_over(uint64_t *numbers, Py_ssize_t count)
{
    uint64_t largest = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        largest = numbers[i] > largest ? numbers[i] : largest;
    }
    PyObject *result = as_array(numbers, 1, (size_t)count, largest);
    PyMem_Free(numbers);
    return result;
}

static PyObject *
narrow(PyObject *Py_UNUSED(module), PyObject *numbers)
{
    Py_ssize_t count;
    uint64_t *result = taken(numbers, &count);
    return result == NULL ? NULL : handed_over(result, count);
}

static PyObject *
sums(PyObject *Py_UNUSED(module), PyObject *numbers)
{
    Py_ssize_t count;
    uint64_t *result = taken(numbers, &count);
    if (result == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 1; i < count; i++) {
        if (__builtin_add_overflow(result[i], result[i - 1], &result[i])) {
            PyMem_Free(result);
            PyErr_SetString(PyExc_OverflowError, "a sum beyond 64 bits");
            return NULL;
        }
    }
    return handed_over(result, count);
}

static PyObject *
steps(PyObject *Py_UNUSED(module), PyObject *numbers)
{
    Py_ssize_t count;
    uint64_t *result = taken(numbers, &count);
    if (result == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = count - 1; i > 0; i--) {
        if (__builtin_sub_overflow(result[i], result[i - 1], &result[i])) {
            PyMem_Free(result);
            PyErr_SetString(PyExc_ValueError, "numbers do not ascend");
            return NULL;
        }
    }
    return handed_over(result, count);
}

static PyObject *
planes(PyObject *Py_UNUSED(module), PyObject *numbers)
{
    Py_buffer view;
    if (view_of(numbers, &view) < 0) {
        return NULL;
    }
    const Py_ssize_t count = view.shape[0];
    uint64_t bits = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        bits |= number_at(&view, i);
    }
    Py_ssize_t width = 0;
    for (; bits; bits >>= 8) {
        width++;
    }
    PyObject *result = PyBytes_FromStringAndSize(NULL, count * width);
    if (result != NULL) {
        char *to = PyBytes_AS_STRING(result);
        for (Py_ssize_t place = 0; place < width; place++) {
            for (Py_ssize_t i = 0; i < count; i++) {
                *to++ = (char)(number_at(&view, i) >> (8 * place));
            }
        }
    }
    PyBuffer_Release(&view);
    return result;
}

static PyObject *
from_planes(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer view;
    Py_ssize_t count;
    if (!PyArg_ParseTuple(args, "y*n", &view, &count)) {
        return NULL;
    }
    PyObject *result = NULL;
    if (count < 0 || (count == 0 ? view.len > 0 : view.len % count || view.len / count > 8)) {
        PyErr_SetString(PyExc_ValueError, "not the bytes of so many numbers");
        goto done;
    }
    uint64_t *numbers = PyMem_Calloc((size_t)count + 1, sizeof(uint64_t));
    if (numbers == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    const uint8_t *from = view.buf;
    for (Py_ssize_t at = 0, place = 0; at < view.len; place++) {
        for (Py_ssize_t i = 0; i < count; i++) {
            numbers[i] |= (uint64_t)from[at++] << (8 * place);
        }
    }
    result = handed_over(numbers, count);
done:
    PyBuffer_Release(&view);
    return result;
}

static PyMethodDef whole_numbers_methods[] = {
    {"narrow", narrow, METH_O, "Return numbers as an array."},
    {"sums", sums, METH_O, "Return the sum up to each number."},
    {"steps", steps, METH_O, "Return the first number, and the difference from one to the next."},
    {"planes", planes, METH_O, "Return the bytes of numbers, those of one significance together."},
    {"from_planes", from_planes, METH_VARARGS, "Read what planes returned."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef whole_numbers_module = {
    PyModuleDef_HEAD_INIT, .m_name = "whole_numbers",
    .m_doc = "Whole numbers in as little memory as they need.",
    .m_size = -1,          .m_methods = whole_numbers_methods,
};

PyMODINIT_FUNC
PyInit_whole_numbers(void)
{
    PyObject *module = find_array_type() < 0 ? NULL : PyModule_Create(&whole_numbers_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
