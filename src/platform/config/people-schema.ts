/** The shape of teams and organisations in the file: as they are stored, with their name as the name of the entry. */

import { OrganizationShape, TeamShape } from '../../contracts/shapes/directory.ts';

export const Organization = OrganizationShape.omit({ name: true });

export const Team = TeamShape.omit({ name: true }).extend({
  organization: TeamShape.shape.organization.describe('Name of its organisation, in `organizations`.'),
});
