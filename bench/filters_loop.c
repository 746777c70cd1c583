/* The plain loop that bench/filters.py holds the filter against: four states, dense transition, Joseph
   form in the same order of operations, likelihood included. A large variance stands for a diffuse start. */
#include <math.h>

#define N 4

static inline void move(double *m, const double *f)
{
    double moved[N] = {0};
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) moved[i] += f[i * N + j] * m[j];
    for (int i = 0; i < N; i++) m[i] = moved[i];
}

double kalman(long count, const double *y, const double *f, const double *q, const double *h, double r)
{
    double m[N] = {0}, p[N][N] = {{0}}, w[N][N], c[N], k[N], g[N], sum = 0.0;
    for (int i = 0; i < N; i++) p[i][i] = 1e7;
    for (long t = 0; t < count; t++) {
        if (t > 0) {
            move(m, f);
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

/* The same in factored form: Thornton's time update with the noise given as G diag(q) G', Bierman's update. */
double factored(long count, const double *y, const double *f, const double *g, const double *q, const double *h,
                double r)
{
    double m[N] = {0}, u[N][N] = {{0}}, d[N], w[N][2 * N], dw[2 * N], sum = 0.0;
    for (int i = 0; i < N; i++) { u[i][i] = 1.0; d[i] = 1e7; }
    for (long t = 0; t < count; t++) {
        if (t > 0) {
            move(m, f);
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++) {
                    w[i][j] = 0.0;
                    for (int l = 0; l <= j; l++) w[i][j] += f[i * N + l] * u[l][j];
                    w[i][N + j] = g[i * N + j];
                }
            for (int j = 0; j < N; j++) { dw[j] = d[j]; dw[N + j] = q[j]; }
            for (int j = N - 1; j >= 0; j--) {
                double c[2 * N];
                d[j] = 0.0;
                for (int k = 0; k < 2 * N; k++) { c[k] = w[j][k] * dw[k]; d[j] += w[j][k] * c[k]; }
                for (int i = 0; i < j; i++) {
                    double s = 0.0;
                    for (int k = 0; k < 2 * N; k++) s += w[i][k] * c[k];
                    u[i][j] = s / d[j];
                    for (int k = 0; k < 2 * N; k++) w[i][k] -= u[i][j] * w[j][k];
                }
            }
        }
        double v = y[t], a = r, b[N], e[N], k[N];
        for (int i = 0; i < N; i++) v -= h[i] * m[i];
        for (int j = 0; j < N; j++) {
            e[j] = h[j];
            for (int i = 0; i < j; i++) e[j] += u[i][j] * h[i];
            b[j] = d[j] * e[j];
        }
        for (int j = 0; j < N; j++) {
            double last = a;
            a += e[j] * b[j];
            d[j] *= last / a;
            k[j] = b[j];
            double share = -e[j] / last;
            for (int i = 0; i < j; i++) {
                double old = u[i][j];
                u[i][j] = old + share * k[i];
                k[i] += b[j] * old;
            }
        }
        for (int i = 0; i < N; i++) m[i] += k[i] / a * v;
        sum -= 0.5 * (1.8378770664093453 + log(a) + v * v / a);
    }
    return sum + m[0];
}

#define L 8

/* `kalman` over many series, (series, count) row by row: eight side by side, a covariance each. */
double batch(long series, long count, const double *y, const double *f, const double *q, const double *h, double r)
{
    double total = 0.0;
    for (long at = 0; at + L <= series; at += L) {
        double m[N][L] = {{0}}, p[N][N][L] = {{{0}}}, w[N][N][L], c[N][L], k[N][L], g[N][L], sum[L] = {0};
        for (int i = 0; i < N; i++)
            for (int l = 0; l < L; l++) p[i][i][l] = 1e7;
        for (long t = 0; t < count; t++) {
            if (t > 0) {
                double moved[N][L] = {{0}};
                for (int i = 0; i < N; i++)
                    for (int j = 0; j < N; j++)
                        for (int l = 0; l < L; l++) moved[i][l] += f[i * N + j] * m[j][l];
                for (int i = 0; i < N; i++)
                    for (int l = 0; l < L; l++) m[i][l] = moved[i][l];
                for (int i = 0; i < N; i++)
                    for (int j = 0; j < N; j++) {
                        double s[L] = {0};
                        for (int a = 0; a < N; a++)
                            for (int l = 0; l < L; l++) s[l] += f[i * N + a] * p[a][j][l];
                        for (int l = 0; l < L; l++) w[i][j][l] = s[l];
                    }
                for (int i = 0; i < N; i++)
                    for (int j = 0; j < N; j++) {
                        double s[L];
                        for (int l = 0; l < L; l++) s[l] = q[i * N + j];
                        for (int a = 0; a < N; a++)
                            for (int l = 0; l < L; l++) s[l] += w[i][a][l] * f[j * N + a];
                        for (int l = 0; l < L; l++) p[i][j][l] = s[l];
                    }
            }
            double v[L], s[L];
            for (int l = 0; l < L; l++) { v[l] = y[(at + l) * count + t]; s[l] = r; }
            for (int i = 0; i < N; i++)
                for (int l = 0; l < L; l++) v[l] -= h[i] * m[i][l];
            for (int j = 0; j < N; j++) {
                for (int l = 0; l < L; l++) c[j][l] = 0.0;
                for (int i = 0; i < N; i++)
                    for (int l = 0; l < L; l++) c[j][l] += h[i] * p[i][j][l];
            }
            for (int i = 0; i < N; i++)
                for (int l = 0; l < L; l++) s[l] += h[i] * c[i][l];
            for (int l = 0; l < L; l++) { double one = 1.0 / s[l]; for (int i = 0; i < N; i++) k[i][l] = c[i][l] * one; }
            for (int i = 0; i < N; i++)
                for (int l = 0; l < L; l++) m[i][l] += k[i][l] * v[l];
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++)
                    for (int l = 0; l < L; l++) p[i][j][l] -= c[i][l] * k[j][l];
            for (int j = 0; j < N; j++) {
                for (int l = 0; l < L; l++) g[j][l] = -r * k[j][l];
                for (int i = 0; i < N; i++)
                    for (int l = 0; l < L; l++) g[j][l] += h[i] * p[i][j][l];
            }
            for (int i = 0; i < N; i++)
                for (int j = 0; j < N; j++)
                    for (int l = 0; l < L; l++) p[i][j][l] -= k[i][l] * g[j][l];
            for (int l = 0; l < L; l++) sum[l] -= 0.5 * (1.8378770664093453 + log(s[l]) + v[l] * v[l] / s[l]);
        }
        for (int l = 0; l < L; l++) total += sum[l] + m[0][l];
    }
    return total;
}
