/* The centroids of several digests as those of one: equal means become one, with the sum of their
 * weights.
 *
 * Panes are merged all the time, each by some thousand centroids, and nearly all that the detector
 * did was to look them up in a dictionary and to sort that. Here what ascends is merged as it is.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define INTERFACE 1 /* raised with every change of what is handed over or comes back */

typedef struct {
    uint64_t mean, weight;
    PyObject *kept; /* the mean as it came; borrowed */
} Centroid;

/* Where one ascending run of centroids ends and the next begins. */
typedef struct {
    Centroid *centroids, *room; /* as many of each */
    size_t *ends;
    size_t count, runs;
} Gathered;

/* Take a number; -1 with an error set where it is no whole one from 0 to 2^64 - 1. */
static int
take_number(PyObject *number, uint64_t *taken)
{
    if (!PyLong_Check(number)) {
        PyErr_SetString(PyExc_TypeError, "means and weights are whole numbers");
        return -1;
    }
    *taken = PyLong_AsUnsignedLongLong(number);
    return *taken == UINT64_MAX && PyErr_Occurred() ? -1 : 0;
}

/* Take the centroids of one digest. `*total` is the weight of all until now. */
static int
take_part(Gathered *gathered, PyObject *means, PyObject *weights, uint64_t *total)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(means); i++) {
        Centroid *taken = &gathered->centroids[gathered->count];
        taken->kept = PyTuple_GET_ITEM(means, i);
        if (take_number(taken->kept, &taken->mean) < 0 ||
            take_number(PyTuple_GET_ITEM(weights, i), &taken->weight) < 0) {
            return -1;
        }
        if (__builtin_add_overflow(*total, taken->weight, total)) {
            PyErr_SetString(PyExc_OverflowError, "a digest of more than 2^64 values");
            return -1;
        }
        /* whatever does not ascend, as a digest does, is a run of its own */
        if (i == 0 || taken->mean <= taken[-1].mean) {
            gathered->runs++;
        }
        gathered->count++;
        gathered->ends[gathered->runs - 1] = gathered->count;
    }
    return 0;
}

/* Merge two ascending runs; return where the result ends. */
static Centroid *
merge_two(const Centroid *a, const Centroid *a_end, const Centroid *b, const Centroid *b_end,
          Centroid *to)
{
    while (a < a_end && b < b_end) {
        /* without a branch on which is smaller: that cannot be foretold */
        const uint64_t mean_a = a->mean, mean_b = b->mean, weight_b = b->weight;
        *to = *(mean_a <= mean_b ? a : b);
        to->weight += mean_a == mean_b ? weight_b : 0;
        a += mean_a <= mean_b;
        b += mean_b <= mean_a;
        to++;
    }
    memcpy(to, a, (size_t)(a_end - a) * sizeof(Centroid));
    to += a_end - a;
    memcpy(to, b, (size_t)(b_end - b) * sizeof(Centroid));
    return to + (b_end - b);
}

/* Merge neighbouring runs until one is left. */
static void
merge_runs(Gathered *gathered)
{
    while (gathered->runs > 1) {
        const Centroid *from = gathered->centroids;
        Centroid *to = gathered->room;
        size_t begin = 0, left = 0;
        for (size_t run = 0; run < gathered->runs; run += 2) {
            const size_t middle = gathered->ends[run];
            const size_t end = run + 1 < gathered->runs ? gathered->ends[run + 1] : middle;
            to = merge_two(from + begin, from + middle, from + middle, from + end, to);
            begin = end;
            gathered->ends[left++] = (size_t)(to - gathered->room);
        }
        gathered->runs = left;
        gathered->count = (size_t)(to - gathered->room);
        gathered->room = gathered->centroids;
        gathered->centroids = to - gathered->count;
    }
}

/* Return means and weights of what is left, as two tuples. */
static PyObject *
as_tuples(const Gathered *gathered)
{
    PyObject *means = PyTuple_New((Py_ssize_t)gathered->count);
    PyObject *weights = PyTuple_New((Py_ssize_t)gathered->count);
    if (means == NULL || weights == NULL) {
        goto failed;
    }
    for (size_t i = 0; i < gathered->count; i++) {
        const Centroid *centroid = &gathered->centroids[i];
        PyTuple_SET_ITEM(means, (Py_ssize_t)i, Py_NewRef(centroid->kept));
        PyObject *weight = PyLong_FromUnsignedLongLong(centroid->weight);
        if (weight == NULL) {
            goto failed;
        }
        PyTuple_SET_ITEM(weights, (Py_ssize_t)i, weight);
    }
    return Py_BuildValue("(NN)", means, weights);
failed:
    Py_XDECREF(means);
    Py_XDECREF(weights);
    return NULL;
}

/* Return how many centroids the parts have; -1 with an error set where they are no digests. */
static Py_ssize_t
count_of(PyObject *parts)
{
    if (!PyList_Check(parts)) {
        PyErr_SetString(PyExc_TypeError, "parts are a list");
        return -1;
    }
    Py_ssize_t count = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parts); i++) {
        PyObject *part = PyList_GET_ITEM(parts, i);
        if (!PyTuple_Check(part) || PyTuple_GET_SIZE(part) != 2 ||
            !PyTuple_Check(PyTuple_GET_ITEM(part, 0)) ||
            !PyTuple_Check(PyTuple_GET_ITEM(part, 1)) ||
            PyTuple_GET_SIZE(PyTuple_GET_ITEM(part, 0)) !=
                PyTuple_GET_SIZE(PyTuple_GET_ITEM(part, 1))) {
            PyErr_SetString(PyExc_ValueError, "a part is as many means as weights, in tuples");
            return -1;
        }
        count += PyTuple_GET_SIZE(PyTuple_GET_ITEM(part, 0));
    }
    return count;
}

static PyObject *
merged(PyObject *Py_UNUSED(module), PyObject *parts)
{
    const Py_ssize_t count = count_of(parts);
    if (count < 0) {
        return NULL;
    }
    Centroid *space = PyMem_New(Centroid, (size_t)count * 2 + 1);
    size_t *ends = PyMem_New(size_t, (size_t)count + 1);
    PyObject *result = NULL;
    if (space == NULL || ends == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    Gathered gathered = {space, space + count, ends, 0, 0};
    uint64_t total = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parts); i++) {
        PyObject *part = PyList_GET_ITEM(parts, i);
        if (take_part(&gathered, PyTuple_GET_ITEM(part, 0), PyTuple_GET_ITEM(part, 1), &total) <
            0) {
            goto done;
        }
    }
    merge_runs(&gathered);
    result = as_tuples(&gathered);
done:
    PyMem_Free(space);
    PyMem_Free(ends);
    return result;
}

static PyMethodDef centroids_methods[] = {
    {"merged", merged, METH_O, "Merge the centroids of several digests."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef centroids_module = {
    PyModuleDef_HEAD_INIT, .m_name = "centroids", .m_doc = "Centroids of digests, merged.",
    .m_size = -1,            .m_methods = centroids_methods,
};

PyMODINIT_FUNC
PyInit_centroids(void)
{
    PyObject *module = PyModule_Create(&centroids_module);
    if (module == NULL || PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) {
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
