import { defineFilter, z } from '../../core/plugin.ts'

/**
 * Keeps the endpoints with one of the given roles. The default keeps those that can answer a request on their own.
 *
 * Source: llm-d's decode, prefill and encode filters; for prefill use `[prefill, both]`, for encode `[encode]`.
 */
export default defineFilter({
  type: 'by-role',
  summary: 'Keeps endpoints with one of the given roles',
  options: z.strictObject({
    roles: z
      .array(z.enum(['both', 'prefill', 'decode', 'encode']))
      .min(1)
      .default(['decode', 'both'])
      .describe('Roles to keep'),
  }),
  reads: [],
  create({ roles }) {
    return (_request, { role }) => roles.includes(role)
  },
})
