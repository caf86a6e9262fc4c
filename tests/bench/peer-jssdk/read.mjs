// Reads all deals, tasks and calls of a portal as the SDK's guide says: the first page tells how many
// there are, batchByChunk fetches the others, fifty pages a request. Prints the rows of each as JSON.
//
//   node read.mjs https://127.0.0.1:8443/rest/1/secret/ [--limits]
//
// Without --limits the SDK's own brake is taken off, as the portal's is.

import { B24Hook } from '@bitrix24/b24jssdk'

const PAGE = 50
const UNBOUND = {
  rateLimit: { burstLimit: 1e9, drainRate: 1e9, adaptiveEnabled: false },
  operatingLimit: { windowMs: 600_000, limitMs: 1e12, heavyPercent: 100 },
  adaptiveConfig: { enabled: false, thresholdPercent: 100, coefficient: 0, maxDelay: 0 }
}

// What b24watch asks for, with the rows' place in an answer.
const LISTS = {
  deal: {
    method: 'crm.item.list',
    params: {
      entityTypeId: 2,
      order: { id: 'ASC' },
      select: ['id', 'title', 'categoryId', 'stageId', 'stageSemanticId', 'closed', 'opportunity',
        'currencyId', 'assignedById', 'createdBy', 'updatedBy', 'movedBy', 'createdTime',
        'updatedTime', 'movedTime', 'lastActivityTime', 'lastActivityBy', 'begindate', 'closedate',
        'companyId', 'contactId', 'leadId', 'sourceId', 'typeId', 'isRecurring']
    },
    rows: answer => answer.items
  },
  task: {
    method: 'tasks.task.list',
    params: {
      order: { ID: 'asc' },
      select: ['ID', 'TITLE', 'STATUS', 'RESPONSIBLE_ID', 'CREATED_BY', 'CLOSED_BY', 'DEADLINE',
        'CREATED_DATE', 'CHANGED_DATE', 'CLOSED_DATE', 'STATUS_CHANGED_DATE', 'ACTIVITY_DATE',
        'PRIORITY', 'GROUP_ID', 'PARENT_ID', 'TASK_CONTROL']
    },
    rows: answer => answer.tasks
  },
  call: {
    method: 'voximplant.statistic.get',
    params: { SORT: 'ID', ORDER: 'ASC' },
    rows: answer => answer
  }
}

function orFail(response, what) {
  if (!response.isSuccess) throw new Error(`${what}: ${response.getErrorMessages().join('; ')}`)
  return response
}

async function readList(b24, { method, params, rows }) {
  const first = orFail(await b24.actions.v2.call.make({ method, params: { ...params, start: 0 } }), method)
  const all = rows(first.getData().result)
  const calls = []
  for (let start = PAGE; start < first.getTotal(); start += PAGE) {
    calls.push({ method, params: { ...params, start } })
  }
  const rest = orFail(await b24.actions.v2.batchByChunk.make({ calls }), method)
  for (const page of rest.getData()) all.push(...rows(page))
  return new Set(all.map(row => String(row.id ?? row.ID))).size
}

const [webhook, ...words] = process.argv.slice(2)
const b24 = B24Hook.fromWebhookUrl(webhook)
if (!words.includes('--limits')) {
  await b24.setRestrictionManagerParams({ ...b24.getHttpClient('v2').getRestrictionManagerParams(), ...UNBOUND })
}
const counts = {}
for (const [name, list] of Object.entries(LISTS)) counts[name] = await readList(b24, list)
console.log(JSON.stringify(counts))
