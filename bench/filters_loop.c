/* The plain loop that bench/filters.py holds the filter against: four states, dense transition, Joseph
   form in the same order of operations, likelihood included. A large variance stands for a diffuse start. */
#include <math.h>

#define N 4

double kalman(long count, const double *y, const double *f, const double *q, const double *h, double r)
{
    double m[N] = {0}, p[N][N] = {{0}}, w[N][N], c[N], k[N], g[N], sum = 0.0;
    for (int i = 0; i < N; i++) p[i][i] = 1e7;
    for (long t = 0; t < count; t++) {
        if (t > 0) {
            double moved[N] = {0};
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) moved[i] += f[i * N + j] * m[j];
            for (int i = 0; i < N; i++) m[i] = moved[i];
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) {
                    w[i][j] = 0.0;
                    for (int l = 0; l < N; l++) w[i][j] += f[i * N + l] * p[l][j];
                }
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) {
                    double s = q[i * N + j];
                    for (int l = 0; l < N; l++) s += w[i][l] * f[j * N + l];
                    p[i][j] = s;
                }
        }
        double v = y[t], s = r;
        for (int i = 0; i < N; i++) v -= h[i] * m[i];
        for (int j = 0; j < N; j++) {
            c[j] = 0.0;
            for (int i = 0; i < N; i++) c[j] += h[i] * p[i][j];
        }
        for (int i = 0; i < N; i++) s += h[i] * c[i];
        for (int i = 0; i < N; i++) k[i] = c[i] / s;
        for (int i = 0; i < N; i++) m[i] += k[i] * v;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) p[i][j] -= c[i] * k[j];
        for (int j = 0; j < N; j++) {
            g[j] = -r * k[j];
            for (int i = 0; i < N; i++) g[j] += h[i] * p[i][j];
        }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) p[i][j] -= k[i] * g[j];
        sum -= 0.5 * (1.8378770664093453 + log(s) + v * v / s);
    }
    return sum + m[0];
}
